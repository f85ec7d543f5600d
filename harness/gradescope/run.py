"""Grade the submission of a Gradescope container: ``python -m harness.gradescope.run /autograder``.

``results/results.json`` is a valid report with all maxima at any time: at first the one that :mod:`build` put into the
zip, then the gradebook's after each test. Exit code 2: nothing could be graded, and the report says why.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.console import run, show, stop
from harness.gradebook import UNGRADED, not_graded
from harness.gradescope import metadata
from harness.grading import RunOptions, grade
from harness.host.launch import make_launcher
from harness.isolation import self_check
from harness.reports import gradescope, terminal
from harness.submission.intake import Submission, SubmissionError, open_submission

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Grade ``submission/`` and write ``results/results.json``."""
    return run(_run, "python -m harness.gradescope.run", arguments)


def _run(
    root: Annotated[Path, typer.Argument(help="The folder that holds submission/ and results/.")],
    seconds: Annotated[float, typer.Option(help="When the report has to be complete.")] = 500,
) -> None:
    """Grade what Gradescope has put into a container. Exit code 2: nothing was graded, and the report says why."""
    started = time.monotonic()
    report = root / "results" / "results.json"
    about = metadata.read(root / "submission_metadata.json")
    notes = tuple(metadata.describe(about))
    try:
        with open_submission(root / "submission") as submission:
            _grade(submission, about, report, ends=started + seconds)
    except SubmissionError as error:
        said = str(error).replace(f"{root / 'submission'}", "The submission").replace(": name ", ": hand in ")
        gradescope.write(not_graded(said, notes), report)
        stop(said)


def _grade(submission: Submission, about: dict[str, Any], report: Path, ends: float) -> None:
    notes = tuple(metadata.describe(about))
    if not report.exists():  # run_autograder has copied one there, unless this is run by hand
        gradescope.write(not_graded(UNGRADED, notes), report)
    self_check.with_secret()
    launcher = make_launcher("auto")
    try:
        if problem := self_check.quick_check(launcher, _others(report)).problem:
            said = f"Student code may not be isolated on this machine: {problem}"
            gradescope.write(not_graded(UNGRADED, notes, fault=said), report)
            stop(said)
        gradebook = grade(
            submission,
            name=metadata.submitters(about) or "submission",
            results_json=report,
            launcher=launcher,
            options=RunOptions(deadline=max(ends - time.monotonic(), 1.0), notes=notes),
        )
    except typer.Exit:
        raise
    except Exception:
        gradescope.write(not_graded(UNGRADED, notes, fault=traceback.format_exc()), report)
        traceback.print_exc()
        raise typer.Exit(2) from None
    finally:
        launcher.stop()
    show(terminal.render(gradebook, every=True))


def _others(report: Path) -> dict[str, list[Path]]:
    """Further paths that student code must not read in this container. run_autograder closes them first."""
    about = report.parent.parent / "submission_metadata.json"
    others = {"read results.json": [report.parent, report]}
    return {**others, "read the metadata": [about]} if about.exists() else others


if __name__ == "__main__":
    sys.exit(main())
