"""Grade a whole class: ``python -m grader batch``."""
