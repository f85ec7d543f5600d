"""What keeps student code from all but its own work: users, Landlock, system calls, limits, and the self-check."""
