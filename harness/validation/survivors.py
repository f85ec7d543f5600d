"""What mutation testing found, in a terminal and as the report docs/mutants.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.submission.required_names import MODULES
from harness.validation.mutants import Fate, equivalents

__all__ = ["markdown", "render", "unexplained"]


def unexplained(fates: Sequence[Fate]) -> list[Fate]:
    """What survived and is not known to be equivalent, or broke the grader, by place."""
    return [fate for fate in _survived(fates) if fate.fault or fate.mutant.change not in equivalents()]


def _survived(fates: Sequence[Fate]) -> list[Fate]:
    order = list(MODULES.values())
    return sorted(
        (fate for fate in fates if fate.fault or not fate.killed_by),
        key=lambda fate: (order.index(fate.mutant.module), fate.mutant.line, fate.mutant.after),
    )


def _rows(fates: Sequence[Fate]) -> Iterator[tuple[str, ...]]:
    for module in (*MODULES.values(), ""):
        those = [fate for fate in fates if not module or fate.mutant.module == module]
        if not those:
            continue
        left = _survived(those)
        known = len(left) - len(unexplained(those))
        made = Counter(fate.mutant.engine for fate in those)
        killed = len(those) - len(left)
        yield (
            module or "all",
            *(str(made[engine]) for engine in ("mutmut", "Cosmic Ray")),
            str(killed),
            f"{100 * killed / len(those):.1f} %",
            str(known),
            str(len(left) - known),
        )


HEADINGS = ("Module", "mutmut", "Cosmic Ray", "Caught", "Share", "Equivalent", "Survived")


def render(fates: Sequence[Fate], seconds: float) -> RenderableType:
    """The counts and every survivor."""
    table = Table(title="Changes to the solution, by engine", title_justify="left", box=None, pad_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "Module" else "right", no_wrap=True)
    for row in _rows(fates):
        table.add_row(*row)
    pieces: list[RenderableType] = [table, ""]
    for fate in unexplained(fates):
        mutant = fate.mutant
        pieces.append(Text(f"{mutant.module}.py, line {mutant.line} ({mutant.engine}) survived:", style="bold"))
        pieces += [Text(f"  - {line}", style="red") for line in mutant.before.splitlines()]
        pieces += [Text(f"  + {line}", style="green") for line in mutant.after.splitlines()]
        pieces += [Text(f"  a fault of the grader: {fate.fault[-1000:]}")] if fate.fault else []
    pieces.append(Text(f"{len(fates)} mutants graded in {seconds:.0f} s, {len(unexplained(fates))} unexplained."))
    return Group(*pieces)


def markdown(fates: Sequence[Fate], seconds: float) -> str:
    """The report."""
    known = equivalents()
    left = _survived(fates)
    lines = [
        "# Mutation testing of the suites",
        "",
        "Engines change `grader/solution/` in small ways; each changed solution is graded and must lose a test. What",
        "survives computes the same, for the reason given below, or a test is missing. Repeat it with",
        "",
        "    make mutants",
        "",
        "which installs the engines, mutmut and Cosmic Ray, and writes this file anew. A change stands in",
        "`grader/cases/equivalent.toml` with its reason, or is listed at the end.",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|---" * len(HEADINGS) + "|",
        *("| " + " | ".join(row) + " |" for row in _rows(fates)),
        "",
        f"*Share* is what is caught of all mutants, the equivalent ones included. Grading them took {seconds / 60:.0f} "
        f"minutes; one after another it would be {sum(fate.seconds for fate in fates) / 60:.0f}.",
        "",
        "## Which test catches first",
        "",
        "A mutant is graded until it loses a test, in the suites' order.",
        "",
        ", ".join(
            f"{number}: {count}" for number, count in sorted(Counter(f.killed_by for f in fates if f.killed_by).items())
        ),
        "",
        "## Equivalent",
        "",
        *_listed([fate for fate in left if fate.mutant.change in known]),
        "## Survived",
        "",
        *(_listed(unexplained(fates)) or ["None.", ""]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _listed(fates: Sequence[Fate]) -> list[str]:
    lines = []
    for fate in fates:
        mutant = fate.mutant
        lines += [f"`{mutant.module}.py`, line {mutant.line} ({mutant.engine})", "", "```diff"]
        lines += [f"-{line}" for line in mutant.before.splitlines()]
        lines += [f"+{line}" for line in mutant.after.splitlines()]
        lines += ["```", ""]
        if reason := equivalents().get(mutant.change):
            lines += [reason, ""]
    return lines
