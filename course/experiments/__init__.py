"""The experiments of the problem set, with one module for each part. ``run_experiments.py`` runs them.

An experiment takes the student's code as an argument (see :mod:`course.experiments.student_code`). It writes a
:class:`course.records.Record`, checkpoints and figures.
"""
