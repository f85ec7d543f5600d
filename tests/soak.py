"""The soak test: ``make soak``, or ``python -m tests.soak --submissions 2000 --kills 50``.

It grades generated bad submissions. Each must get a valid report with the whole maximum and without a fault of the
grader. Then it kills graders at random moments. Each must leave such a report and no process.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import jsonschema
import typer
from rich.console import Console
from rich.progress import track

from harness.catalog import read_suites
from harness.console import run
from harness.gradescope.build import build
from harness.grading import grade
from harness.host.launch import make_launcher
from harness.isolation.limits import Limits
from harness.reports import gradescope
from harness.validation.cases import SOLUTION
from tests.bad_submissions import generate

__all__ = ["AutograderFolder", "graded_problems", "report_problems"]

#: The limits are short, because the run waits for every endless loop.
LIMITS = Limits(call_seconds=0.5, test_seconds=1.2, cpu_seconds=10)
MAXIMUM = sum(test.points for test in read_suites())
SCHEMA = json.loads(gradescope.SCHEMA.read_text(encoding="utf-8"))


def report_problems(path: Path) -> Iterator[str]:
    """The problems of a report."""
    try:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validate(report, SCHEMA)
    except (OSError, ValueError, jsonschema.ValidationError) as error:
        yield f"the report: {str(error)[:300]}"
        return
    if sum(row["max_score"] for row in report["tests"]) != MAXIMUM:
        yield "the maximum has changed"
    if report["score"] != round(sum(row["score"] for row in report["tests"]), 6):
        yield "the score is not the sum of the rows"
    for row in report["tests"]:
        if "fault" in row["extra_data"]:
            yield f"{row['number']}: a fault of the grader: {row['extra_data']['fault'][-600:]}"
    yield from (f"a fault of the grader: {fault[-600:]}" for fault in report["extra_data"]["faults"])


# ---- generated submissions -----------------------------------------------------------------------------------


def graded_problems(seeds: Sequence[int]) -> dict[int, tuple[float, list[str]]]:
    """Grade generated submissions in this process. Return the score and problems by seed."""
    launcher = make_launcher("auto", LIMITS)
    found = {}
    try:
        for seed in seeds:
            with tempfile.TemporaryDirectory(prefix="harness-soak-") as place:
                bad = generate(seed)
                report = Path(place) / "results.json"
                try:
                    folder = bad.write(Path(place) / "submission")
                    gradebook = grade(folder, parts=bad.numbers, seed=seed, results_json=report, launcher=launcher)
                    found[seed] = gradebook.score, list(report_problems(report))
                except Exception:
                    found[seed] = 0.0, [traceback.format_exc()[-1000:]]
    finally:
        launcher.stop()
    return found


# ---- killed graders ------------------------------------------------------------------------------------------


class AutograderFolder:
    """The folder /autograder of a Gradescope container at another path, made from the zip, with this process's Python.

    Args:
        archive: the zip; by default that of this repository.
    """

    def __init__(self, root: Path, archive: Path | None = None) -> None:
        self.root = root
        if archive is None:
            archive = root / "autograder.zip"
            build(archive)
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(root / "source")
        shutil.copy(root / "source" / "run_autograder", root)
        (root / "run_autograder").chmod(0o755)
        (root / "environment").symlink_to(sys.prefix)
        (root / "submission").mkdir()

    @property
    def report(self) -> Path:
        return self.root / "results" / "results.json"

    def hand_in(self, folder: Path) -> None:
        """Replace the submission by another one."""
        shutil.rmtree(self.root / "submission")
        shutil.copytree(folder, self.root / "submission", symlinks=True)
        self.report.unlink(missing_ok=True)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the grading, as Gradescope does."""
        return subprocess.Popen(
            ["bash", str(self.root / "run_autograder")],
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=(self.root / "stdout").open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        )

    def processes(self) -> list[str]:
        """The command lines of processes that belong to this folder."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                if str(self.root) in command:
                    found.append(f"{entry.name}: {command[:200]}")
        return found


def killed_problems(folder: AutograderFolder, seconds: float) -> list[str]:
    """Kill a grading after some seconds. Return the problems of what it leaves."""
    folder.hand_in(SOLUTION)
    process = folder.start()
    deadline = time.monotonic() + 10
    while not folder.report.exists() and time.monotonic() < deadline:  # the first line of the script writes it
        time.sleep(0.001)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    problems = list(report_problems(folder.report))
    deadline = time.monotonic() + 20
    while (left := folder.processes()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [f"{problem} (after {seconds:.2f} s)" for problem in (*problems, *left)]


def whole_run(folder: AutograderFolder) -> float:
    """The seconds of an undisturbed grading."""
    folder.hand_in(SOLUTION)
    start = time.monotonic()
    folder.start().wait()
    return time.monotonic() - start


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    return run(_soak, "make soak", arguments)


def _soak(
    submissions: Annotated[int, typer.Option(min=1, help="Generated bad submissions.")] = 2000,
    kills: Annotated[int, typer.Option(min=0, help="Graders that are killed.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the first submission.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at the same time.")] = os.cpu_count() or 1,
) -> None:
    """Grade generated bad submissions, and kill graders. Exit code 1: something went wrong."""
    first = seed
    console = Console(highlight=False)
    problems: list[str] = []
    scores: Counter[float] = Counter()
    seeds = range(first, first + submissions)
    chunks = [seeds[start : start + 25] for start in range(0, len(seeds), 25)]
    started = time.monotonic()
    with ProcessPoolExecutor(jobs) as pool:
        for found in track(pool.map(graded_problems, chunks), "submissions", len(chunks), console=console):
            for seed, (score, wrong) in found.items():
                scores[score] += 1
                problems += [f"submission {seed}: {problem}" for problem in wrong]
    minutes = (time.monotonic() - started) / 60
    console.print(f"{sum(scores.values())} generated submissions in {minutes:.1f} minutes: {len(problems)} problems.")
    console.print(f"{scores[0.0]} of them earned nothing in the tests that were run.")
    if kills:
        rng = random.Random(first)
        with tempfile.TemporaryDirectory(prefix="harness-soak-") as place:
            folder = AutograderFolder(Path(place).resolve())
            length = whole_run(folder)
            wrong = []
            for _ in track(range(kills), "killed graders", console=console):
                wrong += killed_problems(folder, rng.uniform(0, length))
            console.print(f"{kills} graders killed within {length:.1f} s: {len(wrong)} problems.")
            problems += wrong
    for problem in problems:
        console.print(problem, markup=False)
    if problems:
        raise typer.Exit(1)


if __name__ == "__main__":
    sys.exit(main())
