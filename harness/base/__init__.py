"""Modules that the course's code may use too: processes, clusters, locks, and reading untrusted files."""
