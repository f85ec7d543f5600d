"""The score table in a terminal: points by part, the first hint of each, and what to do next."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.failure import as_text
from harness.gradebook import Gradebook, Outcome, PartScore, State
from harness.problem import problem
from harness.repeat import Repeat
from harness.reports.order import closing, not_there, parts_of_run, to_look_at
from harness.reports.text import cut, plain, points

__all__ = ["render"]

PYTEST = Repeat()

SIGNS = {
    State.PASSED: ("✓", "green"),
    State.PARTIAL: ("◐", "yellow"),
    State.FAILED: ("✗", "red"),
    State.NOT_IMPLEMENTED: ("○", "bright_black"),
    State.NOT_RUN: ("·", "bright_black"),
}
ITEM_STYLES = {True: "green", False: "red", None: "bright_black"}
BAR_WIDTH = 8  # so that the table fits into 80 columns


def render(gradebook: Gradebook, every: bool = False, repeat: Repeat = PYTEST) -> RenderableType:
    """The score table, the message of each part's first failed test, and what to do next.

    Args:
        every: show the message of every failed test.
        repeat: the command that graded, which is named with other options.
    """
    pieces: list[RenderableType] = [Text(cut(plain(note), 300)) for note in gradebook.notes]
    pieces += ["", _table(gradebook)] if pieces else [_table(gradebook)]
    hints, left = _hints(gradebook, every)
    if hints:
        heading = "What each failed test says" if every else "First hint of each part"
        pieces += ["", Text(heading, style="bold underline"), *hints[:-1]]
    if left and (command := repeat.with_all_messages()):
        more = "one more message of a failed test" if left == 1 else f"{left} more messages of failed tests"
        pieces += ["", Text(f"This shows {more}: {command}")]
    if gradebook.checklist and all(gradebook.is_selected(test) for test in gradebook.tests):
        pieces += ["", *_checklist(gradebook)]
    pieces += ["", *(Text(line) for line in closing(gradebook, repeat))]
    return Group(*pieces)


def _table(gradebook: Gradebook) -> Table:
    table = Table(
        title=Text(f"{problem().problem.name}: {plain(gradebook.submission)}", style="bold"),
        title_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
        show_footer=True,
        pad_edge=False,
    )
    shown = parts_of_run(gradebook)
    score = sum(part.score for part in shown)
    maximum = sum(part.maximum for part in shown)
    table.add_column("Part", footer="", no_wrap=True, min_width=4)
    table.add_column("", footer="Total", min_width=5)
    table.add_column(
        "Points", footer=f"{points(score)} / {points(maximum)}", justify="right", no_wrap=True, min_width=8
    )
    table.add_column("", footer=_bar(score, maximum), no_wrap=True, overflow="crop")
    table.add_column("Tests", no_wrap=True, min_width=max((len(part.results) for part in shown), default=0))
    for part in shown:
        table.add_row(
            part.part.number,
            part.part.title,
            f"{points(part.score)} / {points(part.maximum)}",
            _bar(part.score, part.maximum),
            _signs(part),
        )
    return table


def _bar(score: float, maximum: float) -> Text:
    share = score / maximum if maximum else 0.0
    filled = int(share * BAR_WIDTH + 0.5)
    if 0 < share < 1:  # neither empty nor full looks like a bar in between
        filled = min(max(filled, 1), BAR_WIDTH - 1)
    style = "green" if share == 1 else "yellow"
    return Text("█" * filled, style=style) + Text("░" * (BAR_WIDTH - filled), style="bright_black")


def _signs(part: PartScore) -> Text:
    text = Text()
    for _, outcome in part.results:
        text.append(*SIGNS[outcome.state])
    return text


def _hints(gradebook: Gradebook, every: bool) -> tuple[list[RenderableType], int]:
    """The message of each part's first failed test, or all messages, each once. One line names what isn't implemented.

    Returns:
        The lines, and the number of failed tests whose messages are left out.
    """
    hints: list[RenderableType] = []
    left: set[str] = set()
    shown: dict[str, str] = {}
    for part in gradebook.parts:
        problems = to_look_at(part, gradebook)
        if not problems or problems[0][1].state is State.NOT_IMPLEMENTED:
            continue
        failed = [one for one in problems if one[1].state in (State.FAILED, State.PARTIAL)]
        for test, outcome in (failed or problems[:1]) if every else problems[:1]:
            earlier = shown.setdefault(outcome.message, test.number)
            message = _message(outcome) if earlier == test.number else f"The same message as {earlier}."
            hint = Table.grid(padding=(0, 1))
            hint.add_row(Text(f"  {test.number}", style="bold"), Text(test.title, style="bold"))
            hint.add_row("", Text(message, overflow="fold"))
            hints += [hint, ""]
        left.update(outcome.message for _, outcome in failed)
    missing, unmade = not_there(gradebook)
    if missing and hints:  # where nothing is implemented at all, the last line says so
        hints += [Text(f"  Not implemented yet: {', '.join(missing)}"), ""]
    if unmade:
        hints += [Text(f"  No full results yet (run_experiments.py): {', '.join(unmade)}"), ""]
    return hints, len(left - shown.keys())


def _message(outcome: Outcome) -> str:
    """The message of a test. A long traceback is cut; hints never are."""
    return plain(as_text(cut(as_text(outcome.finding, outcome.location), 800), [], outcome.hints))


def _checklist(gradebook: Gradebook) -> list[RenderableType]:
    """The checklist of the submission. It is a single line while ``make writeup`` has not packed a folder yet."""
    if "writeup" in problem().problem.features and not any(item.done for item in gradebook.checklist):
        return [Text("The zip to hand in has not been made yet: make writeup makes it and says what is missing.")]
    table = Table.grid(padding=(0, 1))
    for item in gradebook.checklist:
        sign = Text(item.sign, style=ITEM_STYLES[item.done])
        table.add_row(Text("  ") + sign, item.what, Text(plain(item.found), style="bright_black"))
    return [Text("Submission checklist (no points)", style="bold underline"), table]
