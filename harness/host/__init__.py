"""The side of the grader: starts workers, calls them, and turns what comes back into values."""
