"""Write Gradescope's results.json. Tests validate it against results.schema.json in this folder.

Source: Gradescope's autograder specifications, "Output format".
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgspec

from harness.catalog import GradedTest
from harness.gradebook import Gradebook, Outcome, Reason, State
from harness.reports.text import body, cut, plain, points, write_atomically

__all__ = ["SCHEMA", "render", "write"]

SCHEMA = Path(__file__).resolve().parent / "results.schema.json"
MAX_OUTPUT = 10_000
MAX_FACTS = 100


def render(gradebook: Gradebook) -> dict[str, Any]:
    """The report in Gradescope's format, with one row for every test."""
    rows = [_row(test, outcome) for test, outcome in gradebook.results]
    if gradebook.faults:
        rows.append(
            {
                "name": "The grader itself had a fault: tell the course staff.",
                "score": 0.0,
                "max_score": 0.0,
                "status": "failed",
                "output": "It doesn't count against you.",
                "output_format": "text",
                "visibility": "visible",
            }
        )
    return {
        "score": round(gradebook.score, 6),
        "execution_time": round(gradebook.seconds, 3),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "output_format": "text",
        "output": _summary(gradebook),
        "tests": rows,
        "leaderboard": [
            {"name": test.leaderboard, "value": outcome.leaderboard, "order": test.order}
            for test, outcome in gradebook.results
            if test.leaderboard and outcome.leaderboard is not None and math.isfinite(outcome.leaderboard)
        ],
        "extra_data": {
            "seed": gradebook.seed,
            "submission": plain(gradebook.submission),
            "maximum": gradebook.maximum,
            "undecided": gradebook.undecided,
            "decided_later": gradebook.decided_later,
            "faults": [cut(plain(fault), MAX_OUTPUT) for fault in gradebook.faults],
        },
    }


def write(gradebook: Gradebook, path: Path) -> None:
    """Write the report atomically."""
    write_atomically(path, json.dumps(render(gradebook), indent=1, allow_nan=False) + "\n")


def _row(test: GradedTest, outcome: Outcome) -> dict[str, Any]:
    row: dict[str, Any] = {
        "number": test.number,
        "name": test.title,
        "score": round(outcome.score, 6),
        "max_score": test.points,
        "status": "passed" if outcome.state is State.PASSED else "failed",
        "output": cut(body(outcome.message, outcome.printed), MAX_OUTPUT),
        "output_format": "text",
        "visibility": test.visibility,
        "extra_data": {"state": outcome.state.value, "seconds": round(outcome.seconds, 3)},
    }
    if outcome.reason is not None:
        row["extra_data"]["reason"] = outcome.reason.value
    if test.tags:
        row["tags"] = list(test.tags)
    if facts := [fact for fact in outcome.facts if fact.is_finite]:
        row["extra_data"]["facts"] = msgspec.to_builtins(facts[:MAX_FACTS])
    if outcome.withheld:
        row["extra_data"]["withheld"] = cut(plain(outcome.withheld), MAX_OUTPUT)
    if outcome.fault:
        row["extra_data"]["fault"] = cut(plain(outcome.fault), MAX_OUTPUT)
    return row


def _visible(gradebook: Gradebook) -> list[str]:
    """The points of the visible tests. Gradescope shows no total if any test is hidden."""
    hidden = any(test.hidden for test in gradebook.tests)
    if not hidden or all(outcome.reason is Reason.NOT_GRADED for _, outcome in gradebook.results):
        return []
    seen = [(test.points, outcome.score) for test, outcome in gradebook.results if not test.hidden]
    maximum, score = sum(most for most, _ in seen), sum(score for _, score in seen)
    left = sum(outcome.reason is Reason.UNFINISHED for _, outcome in gradebook.results)
    ended = f" The run ended before {left} of the tests: tell the course staff, who will grade again." if left else ""
    return [f"Visible tests: {points(score)} of {points(maximum)} points.{ended}"]


def _summary(gradebook: Gradebook) -> str:
    lines = [*_visible(gradebook), *(cut(plain(note), 1000) for note in gradebook.notes)]
    if gradebook.interrupted:
        lines.append("The run was interrupted: the score is incomplete.")
    if hidden := gradebook.decided_later:
        verb = "point is" if hidden == 1 else "points are"
        lines.append(f"{hidden:g} {verb} decided by tests whose results are shown later.")
    if gradebook.checklist:
        lines.append("Submission checklist (no points):")
        lines += [f"{item.sign} {item.what}: {cut(plain(item.found), 500)}" for item in gradebook.checklist]
    if gradebook.undecided:
        lines.append(f"{gradebook.undecided:g} points are undecided. The grader had a fault; staff will grade again.")
    return "\n".join(lines)
