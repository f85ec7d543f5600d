"""Run the experiments of the problem set: ``python run_experiments.py --help``."""

from harness.base.quick_exit import quick_exit

if __name__ == "__main__":
    with quick_exit():
        from course.experiments.cli import app

        app()
