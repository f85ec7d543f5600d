"""The autograder as Gradescope runs it: ``build.py`` makes the zip, ``run.py`` grades a submission in there."""
