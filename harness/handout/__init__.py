"""Make what students get: the notebook, and the zip with all files."""
