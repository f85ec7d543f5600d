"""The image for the course staff: what it starts with, and the versions that are installed in it."""
