"""What the course's code may use too: processes, clusters, locks, and reading what anybody may have written."""
