"""Tests of this problem set: its suites on results, its experiments, its notebook, its write-up and its documents."""
