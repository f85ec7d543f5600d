"""What grades: suites, sandbox, gradebook and reports. The grader never imports a submission."""
