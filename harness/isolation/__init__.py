"""Isolation of student code: user ids, Landlock, seccomp, limits, and the self-check."""
