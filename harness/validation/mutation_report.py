"""The results of mutation testing, as a table for terminals and as a report in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.submission.required_names import MODULES
from harness.validation.mutants import MutantResult, equivalents

__all__ = ["markdown", "render", "unexplained"]


def unexplained(results: Sequence[MutantResult]) -> list[MutantResult]:
    """The results that need attention: unexplained survivors and faults of the grader, by module and line."""
    return [result for result in _survived(results) if result.fault or result.mutant.change not in equivalents()]


def _survived(results: Sequence[MutantResult]) -> list[MutantResult]:
    order = list(MODULES.values())
    return sorted(
        (result for result in results if result.fault or not result.killed_by),
        key=lambda result: (order.index(result.mutant.module), result.mutant.line, result.mutant.after),
    )


def _rows(results: Sequence[MutantResult]) -> Iterator[tuple[str, ...]]:
    for module in (*MODULES.values(), ""):
        those = [result for result in results if not module or result.mutant.module == module]
        if not those:
            continue
        left = _survived(those)
        known = len(left) - len(unexplained(those))
        made = Counter(result.mutant.engine for result in those)
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


def render(results: Sequence[MutantResult], seconds: float) -> RenderableType:
    """The table of counts, and every survivor."""
    table = Table(title="Changes to the solution, by engine", title_justify="left", box=None, pad_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "Module" else "right", no_wrap=True)
    for row in _rows(results):
        table.add_row(*row)
    pieces: list[RenderableType] = [table, ""]
    for result in unexplained(results):
        mutant = result.mutant
        pieces.append(Text(f"{mutant.module}.py, line {mutant.line} ({mutant.engine}) survived:", style="bold"))
        pieces += [Text(f"  - {line}", style="red") for line in mutant.before.splitlines()]
        pieces += [Text(f"  + {line}", style="green") for line in mutant.after.splitlines()]
        pieces += [Text(f"  a fault of the grader: {result.fault[-1000:]}")] if result.fault else []
    pieces.append(Text(f"{len(results)} mutants graded in {seconds:.0f} s, {len(unexplained(results))} unexplained."))
    return Group(*pieces)


def markdown(results: Sequence[MutantResult], seconds: float) -> str:
    """The report as Markdown."""
    known = equivalents()
    left = _survived(results)
    lines = [
        "# Mutation testing of the suites",
        "",
        "Engines change `grader/solution/` in small ways; each changed solution is graded and must lose a test. What",
        "survives computes the same, for the reason given below, or a test is missing. Repeat it with",
        "",
        "    .venv/bin/python -m grader mutants --report mutants.md",
        "",
        "The engines are mutmut and Cosmic Ray; pip install -e '.[dev]' installs them. A change stands in",
        "`grader/cases/equivalent.toml` with its reason, or is listed at the end.",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|---" * len(HEADINGS) + "|",
        *("| " + " | ".join(row) + " |" for row in _rows(results)),
        "",
        f"*Share* is what is caught of all mutants, the equivalent ones included. Grading them took {seconds / 60:.0f} "
        f"minutes; one after another it would be {sum(result.seconds for result in results) / 60:.0f}.",
        "",
        "## Which test catches first",
        "",
        "A mutant is graded until it loses a test, in the suites' order.",
        "",
        ", ".join(
            f"{number}: {count}"
            for number, count in sorted(Counter(f.killed_by for f in results if f.killed_by).items())
        ),
        "",
        "## Equivalent",
        "",
        *_listed([result for result in left if result.mutant.change in known]),
        "## Survived",
        "",
        *(_listed(unexplained(results)) or ["None.", ""]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _listed(results: Sequence[MutantResult]) -> list[str]:
    lines = []
    for result in results:
        mutant = result.mutant
        lines += [f"`{mutant.module}.py`, line {mutant.line} ({mutant.engine})", "", "```diff"]
        lines += [f"-{line}" for line in mutant.before.splitlines()]
        lines += [f"+{line}" for line in mutant.after.splitlines()]
        lines += ["```", ""]
        if reason := equivalents().get(mutant.change):
            lines += [reason, ""]
    return lines
