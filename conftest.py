"""Makes `pytest` a grading run, wherever it is started: see grader/plugin.py."""

pytest_plugins = ["grader.plugin"]
