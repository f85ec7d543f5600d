"""The host side: modules of the grader that start workers, call them, and turn their answers into values."""
