"""Tests of the pages over a class: what changed, what to look at, statistics, groups of similar code, the live page."""
