"""What grades: suites, sandbox, gradebook and reports. The grader never imports a submission."""

from pathlib import Path

__all__ = ["ROOT"]

ROOT = Path(__file__).resolve().parent.parent
"""the repository's folder"""
