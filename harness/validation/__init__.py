"""The grader's own exam: submissions whose right grade is known (staff only)."""
