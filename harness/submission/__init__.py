"""From what a student hands in to a folder that can be graded."""
