"""The weighted suites, one a part: what a submission has to do for its points."""
