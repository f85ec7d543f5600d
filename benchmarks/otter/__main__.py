"""Ten checks of quantize as an otter assignment and as a suite here: seconds a submission, scores, and hostile code.

    make bench-otter        or: python -m benchmarks.otter

The ten checks are the suites' 2.1a to 2.1h, 2.3a and 2.3b, 24 points, chosen with ``--part``, and the same checks
written for otter in ``assignment/``, as a course that uses otter would: exception-based tests on plain arrays, packed
by ``otter generate``. The submissions are of validation: right ones, written in five ways, and wrong ones.
otter gets the one module, this grader the folder of six, of which it loads the one.

A third row is the check in a notebook: both cells run in a kernel that has checked before. otter's checks run in the
kernel of the student's code, these here in workers that a warm server forks, from the saved notebook.

``otter run`` and ``otter.api.grade_submission`` are what otter offers without Docker, and what runs on Gradescope.
``otter grade``, a container for each submission with a time limit of its own, is not measured. Absolute seconds depend
on the machine and are for orientation; the ratios compare variants that took turns in this run.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.grading import warm_server
from harness import ROOT
from harness.catalog import read_suites
from harness.console import run, stop
from harness.grading import grade
from harness.host.launch import Launcher, make_launcher
from harness.submission.intake import find
from harness.validation.cases import Case, read_cases, solution_and_stubs

__all__ = ["main"]

ASSIGNMENT = Path(__file__).resolve().parent / "assignment"
PARTS = ("2.1", "2.3a", "2.3b")
#: Cases of validation, for both graders.
SUBMISSIONS = (
    "right/solution_quantization",
    "right/levels_by_searchsorted",
    "right/python_loops",
    "right/scales_by_row",
    "right/zero_point_as_float",
    "wrong/cast_without_rounding",
    "wrong/four_bits_have_sixteen_steps",
    "wrong/scale_in_a_global",
    "wrong/scale_of_256",
    "wrong/stochastic_fair_coin",
)
HOSTILE = {
    "A syntax error": "broken/syntax_error",
    "An endless loop in quantize": "broken/endless_loop",
    "os._exit(0) at import": "broken/exits_at_import",
}
#: Seconds that a grader has to end after a Ctrl-C.
GRACE = 10


@dataclass(frozen=True)
class Graded:
    """One grader's result for one submission."""

    seconds: float
    score: float | None
    """The score; None if there is no report."""
    maximum: float = 0
    ended: bool = True
    """The process ended by itself, and not by this benchmark."""

    def __str__(self) -> str:
        return "no report" if self.score is None else f"{self.score:g} of {self.maximum:g}"


@dataclass(frozen=True)
class Grader:
    """A grader's command for one submission, and the path of its report."""

    name: str
    command: Callable[[Path, Path], list[str]]
    """The command that grades; its arguments are the submission's folder and the report's."""

    def grade(self, folder: Path, limit: float) -> Graded:
        """From the command to the report, in a new process."""
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as out:
            start = time.perf_counter()
            ended = _run(self.command(folder, Path(out)), limit)
            seconds = time.perf_counter() - start
            report = Path(out) / "results.json"
            if not report.is_file():
                return Graded(seconds, None, ended=ended)
            tests = json.loads(report.read_text(encoding="utf-8"))["tests"]
        tests = [test for test in tests if test.get("number", PARTS[0]).startswith(PARTS)]  # otter's have no numbers
        score = sum(test.get("score", 0) for test in tests)
        return Graded(seconds, score, sum(test.get("max_score", 0) for test in tests), ended)


def _run(command: list[str], limit: float) -> bool:
    """Run a command without its output; False where it had to be stopped."""
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        process.wait(limit)
        return True
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)  # both end what they have started
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        return False
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def graders(assignment: Path) -> tuple[Grader, Grader]:
    """This grader and otter, each as a user calls it."""
    parts = [word for part in PARTS for word in ("--part", part)]
    grade_here = [sys.executable, "-m", "grader", "grade"]
    run_otter = [sys.executable, "-m", "otter", "run", "--no-logo", "--autograder", str(assignment)]
    return (
        Grader("here", lambda folder, out: [*grade_here, str(folder), *parts, "--json", str(out / "results.json")]),
        Grader("otter", lambda folder, out: [*run_otter, "--output-dir", str(out), str(folder / "quantization.py")]),
    )


def pack(out: Path) -> Path:
    """The otter assignment as the zip that Gradescope would take."""
    options = ["--no-requirements", "--no-environment", "--no-config"]
    command = [sys.executable, "-m", "otter", "generate", "-t", "tests", "-o", str(out), *options, "support"]
    with tempfile.TemporaryDirectory() as place:  # without what Python may have left beside the sources
        copied = shutil.copytree(ASSIGNMENT, Path(place) / "it", ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(command, cwd=copied, check=True)
    return out


def cases() -> dict[str, Case]:
    """The submissions of validation by their names."""
    return {case.id: case for case in (*read_cases(), *solution_and_stubs())}


# ---- many submissions in one process -------------------------------------------------------------------------


@contextmanager
def quiet() -> Iterator[None]:
    """Without what kernels write to the terminal."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def points_here(folder: Path, launcher: Launcher) -> dict[str, float]:
    """Points by check, graded by workers of a server that is kept."""
    gradebook = grade(find(folder), parts=PARTS, launcher=launcher)
    return {test.number: outcome.score for test, outcome in gradebook.results if test.number.startswith(PARTS)}


def points_of_otter(folder: Path, assignment: Path) -> dict[str, float]:
    """Points by check, by otter's function for one submission after another."""
    from otter.api import grade_submission

    with quiet():
        found: Any = grade_submission(str(folder / "quantization.py"), str(assignment), quiet=True)
    points: dict[str, float] = {}
    for file in found.results.values():
        for result in file.test_case_results:
            number = result.test_case.name[:4]
            points[number] = points.get(number, 0) + (result.test_case.points if result.passed else 0)
    return points


def timed(function: Callable[[], dict[str, float]]) -> tuple[float, dict[str, float]]:
    start = time.perf_counter()
    points = function()
    return time.perf_counter() - start, points


# ---- a check in a notebook -----------------------------------------------------------------------------------


class Kernel:
    """A Jupyter kernel.

    Args:
        folder: its current folder.
        settings: further environment variables.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        from jupyter_client.manager import start_new_kernel

        self._manager, self._client = start_new_kernel(cwd=str(folder), env={**os.environ, **settings})

    def seconds(self, code: str, wanted: str = "") -> float:
        """The seconds that a cell takes.

        Raises:
            RuntimeError: the cell raises an exception, or its output lacks ``wanted``.
        """
        said: list[str] = []

        def keep(message: dict[str, Any]) -> None:
            said.append(str(message["content"]))

        start = time.perf_counter()
        reply = self._client.execute_interactive(code, output_hook=keep, timeout=300)
        ended = time.perf_counter()
        if reply["content"]["status"] != "ok" or wanted not in "".join(said):
            raise RuntimeError(f"the cell {code[-100:]!r} ended with {said[-3:]}")
        return ended - start

    def end(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


def checks_in_notebooks(folders: Sequence[Path], place: Path, warm: str) -> dict[str, list[float]]:
    """The seconds of the ten checks in a notebook, by grader. Both graders check each submission in turn.

    Args:
        place: an empty folder for notebooks and otter's tests.
        warm: the folder with the socket of a warm server.
    """
    shutil.copytree(ASSIGNMENT, place / "otter")
    here, otter = Kernel(ROOT, XDG_RUNTIME_DIR=warm), Kernel(place / "otter")
    times: dict[str, list[float]] = {"here": [], "otter": []}
    try:
        here.seconds("from course.notebook import check")
        otter.seconds("import otter; grader = otter.Notebook(tests_dir='tests')")
        for turn, folder in enumerate([folders[0], *folders]):  # the first one loads what is loaded once
            notebook = place / f"{turn}.ipynb"
            make = [sys.executable, "-m", "harness.handout.notebook", "--from", str(folder), "--out", str(notebook)]
            subprocess.run(make, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            parts = ", ".join(f'"{part}"' for part in PARTS)
            mine = here.seconds(f"check({parts}, file={str(notebook)!r})", wanted="2.1")
            otter.seconds((folder / "quantization.py").read_text(encoding="utf-8"))
            theirs = otter.seconds("print(grader.check('q2_1'), grader.check('q2_3'))", wanted="q2_3")
            if turn:
                times["here"].append(mine)
                times["otter"].append(theirs)
    finally:
        here.end()
        otter.end()
    return times


# ---- the tables ----------------------------------------------------------------------------------------------


def compare(places: dict[str, Path], assignment: Path, limit: float) -> tuple[Table, Table]:
    """Grade the ten submissions by both, in turns: the scores, and the medians of the seconds."""
    here, otter = graders(assignment)
    scores = Table(title="Ten submissions, ten checks", title_justify="left")
    scores.add_column("Submission", no_wrap=True)
    for column in ("Here", "otter", "Checks with other points"):
        scores.add_column(column)
    cold: dict[str, list[float]] = {"here": [], "otter": []}
    warm: dict[str, list[float]] = {"here": [], "otter": []}
    loading_torch: list[float] = []
    launcher = make_launcher("auto")
    points_here(next(iter(places.values())), launcher)  # the server is there, the suite is imported
    points_of_otter(next(iter(places.values())), assignment)
    for turn, (name, folder) in enumerate(places.items()):
        graded = {grader.name: grader.grade(folder, limit) for grader in ((here, otter), (otter, here))[turn % 2]}
        for grader, found in graded.items():
            cold[grader].append(found.seconds)
        seconds, mine = timed(lambda folder=folder: points_here(folder, launcher))  # type: ignore[misc]
        warm["here"].append(seconds)
        seconds, theirs = timed(lambda folder=folder: points_of_otter(folder, assignment))  # type: ignore[misc]
        warm["otter"].append(seconds)
        start = time.perf_counter()
        _run([sys.executable, "-c", "import torch"], limit)
        loading_torch.append(time.perf_counter() - start)
        others = [
            f"{number}: {mine[number]:g}, {theirs[number]:g}" for number in mine if mine[number] != theirs[number]
        ]
        scores.add_row(name, str(graded["here"]), str(graded["otter"]), "; ".join(others))
    launcher.stop()

    times = Table("Seconds a submission, medians", "Here", "otter", "otter / here", title_justify="left")
    with warm_server() as runtime:
        folder = assignment.parent / "notebooks"
        folder.mkdir()
        cells = checks_in_notebooks([*places.values()], folder, runtime)
    rows = (
        ("From the command to the report", cold),
        ("The check in a notebook's cell", cells),
        ("One of many, in one process", warm),
    )
    for name, values in rows:
        mine_median, their_median = statistics.median(values["here"]), statistics.median(values["otter"])
        times.add_row(name, f"{mine_median:.2g} s", f"{their_median:.2g} s", f"{their_median / mine_median:.2g}")
    # otter's kernels load it for each submission, this grader's server once: a large part of the last row.
    torch = statistics.median(loading_torch)
    times.add_row("Of that, loading PyTorch", "once", f"{torch:.2g} s", "")
    return scores, times


def provoke(places: dict[str, Path], assignment: Path, limit: float) -> Table:
    """Run both graders on hostile submissions."""
    table = Table("Submission", "Grader", "Score", "Ended", "Seconds", title="Code that doesn't work")
    table.title_justify = "left"
    for name, folder in places.items():
        for grader in graders(assignment):
            graded = grader.grade(folder, limit)
            ended = "by itself" if graded.ended else f"stopped after {limit:g} s"
            table.add_row(name, grader.name, str(graded), ended, f"{graded.seconds:.1f} s")
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    return run(_compare, "python -m benchmarks.otter", arguments)


def _compare(limit: Annotated[float, typer.Option(help="Seconds after which a grader is stopped.")] = 120) -> None:
    """Compare this grader with otter-grader: the same checks, in turn."""
    if find_spec("otter") is None:
        stop("otter-grader is not installed: pip install -e '.[benchmark]' installs it.")
    known = cases()
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="pset2-otter-", ignore_cleanup_errors=True) as scratch:
        place = Path(scratch)
        os.chmod(place, 0o755)  # workers are other users
        assignment = pack(place / "autograder.zip")
        ten = {name: known[name].write(place / name.replace("/", "-")) for name in SUBMISSIONS}
        hostile = {title: known[name].write(place / name.replace("/", "-")) for title, name in HOSTILE.items()}
        for table in compare(ten, assignment, limit):
            console.print(table)
        console.print(provoke(hostile, assignment, limit))
    points = sum(test.points for test in read_suites() if test.number.startswith(PARTS))
    packages = ", ".join(f"{name} {version(name)}" for name in ("otter-grader", "pytest", "torch", "numpy"))
    console.print(f"{points:g} points; Python {platform.python_version()}, {packages}; {os.cpu_count()} cores.")


if __name__ == "__main__":
    sys.exit(main())
