"""``python -m grader watch``: after each save, grade the changed parts and show the table again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from harness import ROOT
from harness.console import clear, say, stop, tell
from harness.numbers import lies_in, sort_key
from harness.part_checks import refuse_unknown
from harness.submission.definitions import parts_changed
from harness.submission.required_names import FILES, MODULES
from harness.warm import client

__all__ = ["watch"]

READY_SECONDS = 60.0
POLL_MILLISECONDS = 1000
STEP_MILLISECONDS = 20
"""Milliseconds without a change after which a save counts as finished."""


def watch(
    submission: Annotated[
        Path, typer.Argument(help="The folder with the modules, or a notebook.", show_default="student")
    ] = ROOT / "student",
    part: Annotated[list[str] | None, typer.Option(help="Only this part: 2, 2.1 or 2.1d. May be repeated.")] = None,
) -> None:
    """After each save of a file, grade the changed parts and show the table again, until Ctrl-C."""
    try:
        from watchfiles import watch as changes_of
    except ModuleNotFoundError:
        stop("watchfiles is not installed: run pip install -e '.[watch]'.")
    if not submission.exists():
        stop(f"{submission} does not exist: name the folder with {FILES[0]}, or a notebook.")
    wanted = part or []
    refuse_unknown(wanted)
    submission = submission.absolute()  # without a warm server it is graded in another current folder
    say("Getting ready ...")
    client.start(READY_SECONDS)
    texts = _texts(submission)
    _grade(submission, wanted)

    def grade_what_changed() -> None:
        nonlocal texts
        before, texts = texts, {**texts, **_texts(submission)}  # an editor may delete a file and write it anew
        saved = [name for name, text in texts.items() if text != before.get(name)]
        if not saved:
            return
        files = [submission.name] if submission.is_file() else [f"{name}.py" for name in saved]
        note = f"Saved at {datetime.now():%H:%M:%S}: {', '.join(files)}."
        if touched := _touched(before, texts, wanted):
            clear()
            say(note)
            _grade(submission, touched)
        else:
            say(f"{note} No part that is watched has changed.")

    grade_what_changed()  # what was saved meanwhile
    with suppress(KeyboardInterrupt):
        # The files are read each second too: a save before the watch, or on some network drives, makes no event.
        for _ in changes_of(
            submission,
            step=STEP_MILLISECONDS,
            debounce=200,
            recursive=False,
            rust_timeout=POLL_MILLISECONDS,
            yield_on_timeout=True,
        ):
            grade_what_changed()


def _texts(submission: Path) -> dict[str, str]:
    """The texts of the modules, or the text of the notebook."""
    paths = [submission] if submission.is_file() else [submission / name for name in FILES]
    return {path.stem: path.read_text(encoding="utf-8", errors="replace") for path in paths if path.is_file()}


def _touched(before: dict[str, str], after: dict[str, str], wanted: Iterable[str]) -> list[str]:
    """The wanted parts whose verdict may differ between two versions of the texts."""
    changed: set[str] = set()
    for name in {*before, *after}:
        if name in MODULES.values():
            changed |= parts_changed(name, before.get(name, ""), after.get(name, ""))
        elif before.get(name) != after.get(name):  # a notebook: all of it is graded
            return [*wanted] or [*MODULES]
    return [*_both(sorted(changed, key=sort_key), wanted)]


def _both(parts: Iterable[str], wanted: Iterable[str]) -> Iterator[str]:
    """The parts that are wanted; all parts if none is named."""
    wishes = [*wanted]
    if not wishes:
        yield from parts
    for one in parts:
        for wish in wishes:
            if lies_in(one, wish):
                yield one
            elif lies_in(wish, one):
                yield wish


def _grade(submission: Path, parts: Iterable[str]) -> None:
    arguments = ["-m", "harness", "check", *parts, "--submission", str(submission)]
    if client.run(arguments) is None:  # its code has changed, or it was idle for too long
        client.start()
        subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False)
    tell("Watching: save a file to grade it again. Ctrl-C ends this.")
