"""The graded tests of this problem set. Each test says how many points it is worth."""
