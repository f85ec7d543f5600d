"""Grade the submission of a Gradescope container: ``python -m harness.gradescope.run /autograder``.

Whatever happens, ``results/results.json`` is a valid report with all maxima: the one that :mod:`build` has put into the
zip at first, then the gradebook's after each test. Exit code 2: nothing could be graded, and the report says why.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from harness.gradebook import UNGRADED, not_graded
from harness.gradescope import metadata
from harness.grading import grade
from harness.host.launch import make_launcher
from harness.isolation import doctor
from harness.reports import gradescope, terminal
from harness.submission.intake import Submission, SubmissionError, open_submission

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Grade ``submission/`` and write ``results/results.json``."""
    parser = argparse.ArgumentParser(prog="python -m harness.gradescope.run", description=__doc__.partition("\n")[0])
    parser.add_argument("root", type=Path, help="the folder that holds submission/ and results/")
    parser.add_argument("--seconds", type=float, default=500, help="when the report has to be complete")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    root: Path = options.root
    report = root / "results" / "results.json"
    about = metadata.read(root / "submission_metadata.json")
    notes = tuple(metadata.describe(about))
    try:
        with open_submission(root / "submission") as submission:
            return _grade(submission, about, report, ends=started + options.seconds)
    except SubmissionError as error:
        said = str(error).replace(f"{root / 'submission'}", "What was handed in")
        gradescope.write(not_graded(said, notes), report)
        print(said)
        return 2


def _grade(submission: Submission, about: dict[str, Any], report: Path, ends: float) -> int:
    notes = tuple(metadata.describe(about))
    if not report.exists():  # run_autograder has copied one there, unless this is run by hand
        gradescope.write(not_graded(UNGRADED, notes), report)
    doctor.with_secret()
    launcher = make_launcher("auto")
    try:
        if problem := doctor.quick_check(launcher, _others(report)).problem:
            said = f"This machine isn't known to keep student code from what it must not reach: {problem}"
            gradescope.write(not_graded(UNGRADED, notes, fault=said), report)
            print(said)
            return 2
        gradebook = grade(
            submission,
            name=metadata.submitters(about) or "submission",
            results_json=report,
            deadline=max(ends - time.monotonic(), 1.0),
            launcher=launcher,
            notes=notes,
        )
    except Exception:
        gradescope.write(not_graded(UNGRADED, notes, fault=traceback.format_exc()), report)
        traceback.print_exc()
        return 2
    finally:
        launcher.stop()
    Console(highlight=False, markup=False).print(terminal.render(gradebook))
    return 0


def _others(report: Path) -> dict[str, list[Path]]:
    """What else student code must not read in this container; run_autograder closes it before."""
    about = report.parent.parent / "submission_metadata.json"
    others = {"read results.json": [report.parent, report]}
    return {**others, "read the metadata": [about]} if about.exists() else others


if __name__ == "__main__":
    sys.exit(main())
