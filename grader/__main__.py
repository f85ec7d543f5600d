"""``python -m grader``"""

from harness.cli import app

app(prog_name="python -m grader")
