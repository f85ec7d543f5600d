"""What students are handed: the notebook."""
