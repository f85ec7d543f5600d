"""The marking page, on which a class is marked by hand: ``python -m grader review grades``."""
