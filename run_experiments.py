"""Run the experiments of the problem set: ``python run_experiments.py --help``."""

from course.experiments.cli import app

if __name__ == "__main__":
    app()
