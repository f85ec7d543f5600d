"""Tests of what stands around the grading of a class."""
