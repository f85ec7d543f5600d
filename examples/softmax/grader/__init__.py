"""The grader of this problem set: its manifest, suites, reference solution and cases. The machinery is in harness/."""
