"""Tests of this software itself."""
