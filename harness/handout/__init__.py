"""What students are handed: the notebook, and the zip with all that they get."""
