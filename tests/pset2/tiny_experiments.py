"""``run_experiments.py`` whose quick profile is two steps an epoch: ``python tests/pset2/tiny_experiments.py``."""

from dataclasses import replace

from course.experiments.cli import app
from course.experiments.profiles import PROFILES

if __name__ == "__main__":
    PROFILES["quick"] = replace(PROFILES["quick"], halved=True, training=64, test=64, short=1, timing=1)
    app()
