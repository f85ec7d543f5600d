"""The experiments of the problem set: one module a part, run by ``run_experiments.py``.

The student's code comes in as an argument (see :mod:`course.experiments.student_code`); what is measured goes out as a
:class:`course.records.Record`, checkpoints and figures.
"""
