"""``python -m grader``"""

from harness.start import main

main("python -m grader")
