"""The order of a report's messages and its closing lines, the same in a terminal and in a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.catalog import RESULTS, GradedTest
from harness.gradebook import Gradebook, Outcome, PartScore, Reason, State
from harness.problem import problem
from harness.repeat import Repeat, experiments
from harness.reports.text import last_line, points

__all__ = ["closing", "not_there", "parts_of_run", "to_look_at"]


def parts_of_run(gradebook: Gradebook) -> list[PartScore]:
    """The parts that this run graded, each with only the tests of this run."""
    found = [
        replace(part, results=tuple(pair for pair in part.results if gradebook.is_selected(pair[0])))
        for part in gradebook.parts
    ]
    return [part for part in found if part.results]


def to_look_at(part: PartScore, gradebook: Gradebook) -> list[tuple[GradedTest, Outcome]]:
    """The tests that need attention: failed ones before missing ones, and causes first."""
    return [
        (test, outcome)
        for states in ((State.FAILED, State.PARTIAL), (State.NOT_RUN,), (State.NOT_IMPLEMENTED,))
        for test, outcome in _causes_first(part.results, gradebook)
        if outcome.state in states and gradebook.is_selected(test)
    ]


def not_there(gradebook: Gradebook) -> tuple[list[str], list[str]]:
    """The parts in which no test failed but something is missing.

    Returns:
        The numbers of the parts whose code isn't implemented, and of the parts whose full results are missing.
    """
    code: list[str] = []
    results: list[str] = []
    for part in gradebook.parts:
        problems = to_look_at(part, gradebook)
        if problems and problems[0][1].state is State.NOT_IMPLEMENTED:
            test, outcome = problems[0]
            quick = " (the quick ones are right)" if outcome.reason is Reason.QUICK_RESULTS else ""
            (results if RESULTS in test.tags else code).append(part.part.number + quick)
    return code, results


def _causes_first(
    results: Iterable[tuple[GradedTest, Outcome]], gradebook: Gradebook
) -> list[tuple[GradedTest, Outcome]]:
    return sorted(results, key=lambda pair: gradebook.nearer_cause(pair[0]) is not None)


def closing(gradebook: Gradebook, repeat: Repeat) -> list[str]:
    """The closing lines: the meaning of the signs, the points that don't count yet, and what to do next."""
    lines = []
    if gradebook.interrupted:
        lines.append("The run was interrupted: the score is incomplete.")
    lines += ["✓ passed   ◐ partial   ✗ failed   ○ not implemented yet   · not run"]
    automatic = problem().automatic
    whole = all(gradebook.is_selected(test) for test in gradebook.tests)
    if whole:
        by_hand = f"{problem().by_hand} more of the {problem().handout} are graded by hand"
        # A copy without the hidden tests has fewer points than the manifest.
        some = "" if gradebook.maximum == automatic else f"{points(gradebook.maximum)} of "
        lines.append(f"These are {some}the {automatic} automatic points; {by_hand}.")
    if whole and (hidden := gradebook.decided_later):
        lines.append(
            f"{points(hidden)} point{'' if hidden == 1 else 's'} of the {automatic} {'is' if hidden == 1 else 'are'} "
            "decided by tests whose results are shown later."
        )
    if gradebook.undecided or gradebook.faults:
        lines.append(
            f"The grader had a fault ({points(gradebook.undecided)} points undecided). This is not your mistake: "
            "tell the course staff."
        )
        lines += [last_line(fault) for fault in gradebook.faults]
        lines += [f"{test.number}: {last_line(outcome.fault)}" for test, outcome in gradebook.results if outcome.fault]
    lines.append(_next(gradebook, repeat))
    return lines


def _next(gradebook: Gradebook, repeat: Repeat) -> str:
    selected = [pair for pair in gradebook.results if gradebook.is_selected(pair[0])]
    if not selected:
        return "No graded test was selected."
    if all(outcome.state is State.PASSED for _, outcome in selected):
        return "Everything that was graded here passed."
    if all(outcome.state is State.NOT_IMPLEMENTED for _, outcome in selected):
        test = selected[0][0]
        what = "Nothing" if len(selected) == len(gradebook.results) else "Nothing of this"
        return (
            f"{what} is implemented yet. Start with part {test.part}: the stubs say what each function has to do; "
            "then grade again."
        )
    ahead = [pair for pair in selected if pair[1].state in (State.FAILED, State.PARTIAL)] or [
        pair for pair in selected if pair[1].state is not State.PASSED
    ]
    test, outcome = _causes_first(ahead, gradebook)[0]
    if RESULTS in test.tags and outcome.state is State.NOT_IMPLEMENTED:
        return f"Next: make the results for {test.number}: {experiments(test.part)}"
    verb = "write the code for" if outcome.state is State.NOT_IMPLEMENTED else "look at"
    return f"Next: {verb} {test.number}. This grades it alone: {repeat.of(test)}"
