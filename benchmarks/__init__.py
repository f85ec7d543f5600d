"""Benchmarks: variants take turns in one run, and the ratios of their medians are compared."""
