"""Measure the time of a save on the marking page: 120 submissions, twelve questions, five markers at once.

    python -m benchmarks.marking        or with fewer: python -m benchmarks.marking 40 4 3

The page is served by uvicorn in a process of its own, over the loopback, as markers use it. Each marker opens the next
answer, chooses an item and saves, until all are marked; the seconds are those of the request that saves.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from harness import ROOT
from harness.classroom.marking import MarkStore
from harness.problem import problem
from tests.marking.sample import write_sample

__all__ = ["Result", "mark_all"]

PORT = 0
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
ITEM = re.compile(r'name="item" value="([^"]+)"')


@dataclass
class Result:
    """The observations of one marker."""

    confirmed: list[tuple[str, str]] = field(default_factory=list)
    """The code names and questions of the marks that the page said were saved."""
    conflicts: int = 0
    saves: list[float] = field(default_factory=list)
    """The seconds of each save."""
    pages: list[float] = field(default_factory=list)
    """The seconds until the next answer was there."""


@contextmanager
def served(folder: Path, markers: Sequence[str]) -> Iterator[list[str]]:
    """Serve the page, and yield the addresses of the markers."""
    names = [word for marker in markers for word in ("--marker", marker)]
    command = [sys.executable, "-m", "harness", "review", str(folder), "--port", str(PORT), *names]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield [process.stdout.readline().split()[-1] for _ in markers]
    finally:
        process.terminate()
        process.wait()


def mark_all(address: str, questions: Sequence[str], stale: bool = False) -> Result:
    """Mark one answer after another until none is left.

    Args:
        stale: send each mark with a version that nobody has read, so that it has to be refused.
    """
    found = Result()
    with httpx.Client(follow_redirects=True, timeout=60) as client:
        client.get(address)
        base = str(httpx.URL(address).join("/"))
        client.get(f"{base}progress").raise_for_status()
        for question in questions:
            page = client.get(f"{base}next/{question}")
            while page.url.path.startswith(f"/mark/{question}/"):
                form = page.text.partition('id="mark"')[2]
                fields: dict[str, object] = {**dict(HIDDEN.findall(form)), "item": ITEM.findall(form)[:1], "go": "next"}
                if stale:
                    fields["version"] = "1"
                start = time.perf_counter()
                saved = client.post(page.url, data=fields, follow_redirects=False)
                found.saves.append(time.perf_counter() - start)
                if saved.status_code == 409:
                    found.conflicts += 1
                    break
                assert saved.status_code == 303, saved.text
                found.confirmed.append((page.url.path.rpartition("/")[2], question))
                start = time.perf_counter()
                page = client.get(base + saved.headers["location"].lstrip("/"))
                found.pages.append(time.perf_counter() - start)
    return found


def main(submissions: int = 120, questions: int = 12, markers: int = 5) -> int:
    """Print a table. Exit code 1: a mark was lost."""
    chosen = [question.id for question in problem().question][:questions]
    with tempfile.TemporaryDirectory() as place:
        folder = write_sample(Path(place) / "grades", submissions)
        with served(folder, [f"marker {number}" for number in range(markers)]) as addresses:
            start = time.perf_counter()
            with ThreadPoolExecutor(markers) as pool:
                results = list(pool.map(lambda address: mark_all(address, chosen), addresses))
            seconds = time.perf_counter() - start
        marks = MarkStore(folder).state()
        answers = [(f"s{number}", question) for number in range(submissions) for question in chosen]
        kept = sum(marks.points(*answer) is not None for answer in answers)
    confirmed = sum(len(result.confirmed) for result in results)
    conflicts = sum(result.conflicts for result in results)
    lost = len(answers) - kept + max(confirmed - kept, 0)
    table = Table(
        "what", "median", "p95", "longest", title=f"{confirmed} marks by {markers} at once in {seconds:.0f} s"
    )
    for name, values in (
        ("a save", [second for result in results for second in result.saves]),
        ("the next answer", [second for result in results for second in result.pages]),
    ):
        cuts = statistics.quantiles(values, n=20)
        table.add_row(name, *(f"{1000 * value:.0f} ms" for value in (statistics.median(values), cuts[-1], max(values))))
    Console().print(table)
    print(f"{kept} of {len(answers)} answers are marked, {conflicts} conflicts, {lost} marks lost")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
