"""The autograder for Gradescope: ``build.py`` makes the zip, and ``run.py`` grades a submission in the container."""
