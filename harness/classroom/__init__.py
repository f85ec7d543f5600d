"""A whole class at once: ``python -m grader batch``."""
