"""Output of commands: results go to standard output; errors, warnings and progress go to standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from harness import ROOT

if TYPE_CHECKING:
    from harness.isolation.self_check import SelfCheck

__all__ = ["Bar", "clear", "isolation_notice", "progress", "run", "say", "show", "stop", "tell"]


def show(table: RenderableType = "") -> None:
    """Print a table on standard output, or an empty line."""
    Console(highlight=False, markup=False, emoji=False).print(table)


def tell(line: str) -> None:
    """Print a line on standard output without markup and without wrapping, so that paths stay whole."""
    Console(highlight=False, markup=False, emoji=False, soft_wrap=True).print(line)


def say(sentence: str) -> None:
    """Print a sentence on standard error."""
    _errors().print(sentence)


def clear() -> None:
    """Clear the screen if standard output is a terminal."""
    Console().clear()


def stop(sentence: str, code: int = 2) -> NoReturn:
    """End the command with a sentence that says why.

    Raises:
        typer.Exit: raised always, with this exit code.
    """
    say(sentence)
    raise typer.Exit(code)


def run(command: Callable[..., Any], program: str, arguments: Sequence[str] | None = None) -> int:
    """Run a function as a command of its own, and return its exit code.

    Args:
        program: the name that the help shows, for example ``python -m harness.handout.archive``.
        arguments: the command line; this process's own by default.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    try:
        app(args=None if arguments is None else list(arguments), prog_name=program)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def isolation_notice(found: SelfCheck) -> str:
    """Say why isolation isn't confirmed here and what to do; empty if student code is isolated."""
    page = ROOT / "docs" / "security.md"  # a problem set that was copied from the example has no such page
    advice = "docs/security.md says" if page.exists() else "python -m grader doctor shows"
    sentences = []
    if found.breaches:
        could = f"student code could {', '.join(found.breaches)} here"
        sentences.append(f"Not isolated: {could}. {advice} which layer is missing, and what to do.")
    if found.faults or not found.findings:
        sentences.append(f"Isolation is unknown: {found.problem} {advice} what a broken self-check means.")
    return " ".join(sentences)


class Bar:
    """A progress bar on standard error. If that isn't a terminal, only logged lines are printed."""

    def __init__(self, bar: Progress, total: int) -> None:
        self._bar = bar
        self._task = bar.add_task("getting ready", total=total)

    @property
    def done(self) -> int:
        """The number of finished steps."""
        return int(self._bar.tasks[0].completed)

    def show(self, what: str) -> None:
        """Show beside the bar what is running now."""
        self._bar.update(self._task, description=what[:70], refresh=True)

    def advance(self) -> None:
        """Count one more step as done."""
        self._bar.advance(self._task)

    def log(self, line: str) -> None:
        """Print a line if there is no terminal."""
        if not self._bar.console.is_terminal:
            self._bar.console.print(line)


@contextmanager
def progress(total: int, remaining: bool = True) -> Iterator[Bar]:
    """Show a bar for this many steps, and remove it at the end.

    Args:
        remaining: whether the bar shows the time that is left. A thread then draws it again and again.
    """
    console = _errors()
    text = TextColumn("{task.description}", markup=False)
    columns = (BarColumn(20), MofNCompleteColumn(), *([TimeRemainingColumn()] if remaining else []), text)
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden, auto_refresh=remaining) as bar:
        yield Bar(bar, total)


def _errors() -> Console:
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
