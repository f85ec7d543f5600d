"""Processes that save marks until they are killed. They are forked from this one, which imports nothing large.

python -m tests.marking.saver kills FOLDER 200      or: python -m tests.marking.saver writers FOLDER 5 40
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from harness.classroom.marking import Conflict, MarkStore, Saved
from harness.problem import problem


def save_forever(folder: Path, round_: int, confirmed: int) -> None:
    """Save one mark after another, and print each when the store says that it is saved."""
    store = MarkStore(folder)
    question = problem().question[0]
    for number in range(1_000_000):
        mark = store.save("Ada", f"{round_}-{number}", question.id, Saved(comment=str(number)), 0)
        os.write(confirmed, f"{round_}-{number} {mark.version}\n".encode())


def kills(folder: Path, times: int) -> str:
    """Kill a process that saves, again and again; how many confirmed marks are there."""
    chance = random.Random(1)
    question = problem().question[0].id
    confirmed: dict[str, int] = {}
    for round_ in range(times):
        reading, writing = os.pipe()
        child = _forked(lambda round_=round_, writing=writing: save_forever(folder, round_, writing))  # type: ignore[misc]
        os.close(writing)
        printed = os.read(reading, 65536)  # the first is saved
        time.sleep(chance.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while block := os.read(reading, 65536):
            printed += block
        os.close(reading)
        lines = printed.decode().splitlines()
        confirmed.update((line.split()[0], int(line.split()[1])) for line in lines)
        store = MarkStore(folder)
        marks = store.state()
        for line in lines:
            submission, version = line.split()
            mark = marks.mark(submission, question)
            if mark is None or mark.version != int(version):
                return f"lost after kill {round_}: {line}"
        store.close()
    marks = MarkStore(folder).state()
    lost = [submission for submission in confirmed if marks.mark(submission, question) is None]
    return f"{times} kills, {len(confirmed)} confirmed, {len(lost)} lost"


def writers(folder: Path, count: int, each: int) -> str:
    """Save from several processes at once, half of it into the same answers; what became of it."""
    reading, writing = os.pipe()

    def write(name: int) -> None:
        store = MarkStore(folder)
        question = problem().question[0].id
        for number in range(each):
            for submission in (f"own-{name}-{number}", f"shared-{number}"):
                try:
                    store.save(f"marker {name}", submission, question, Saved(comment=f"{name}"), 0)
                    os.write(writing, f"saved {submission} {name}\n".encode())
                except Conflict:
                    os.write(writing, f"conflict {submission} {name}\n".encode())

    children = [_forked(lambda name=name: write(name)) for name in range(count)]  # type: ignore[misc]
    os.close(writing)
    printed = b""
    while block := os.read(reading, 65536):
        printed += block
    if any(os.waitpid(child, 0)[1] for child in children):
        return "a writer failed"
    marks = MarkStore(folder).state()
    question = problem().question[0].id
    saved, conflicts = 0, 0
    for line in printed.decode().splitlines():
        what, submission, name = line.split()
        mark = marks.mark(submission, question)
        if what == "saved" and (mark is None or mark.by != f"marker {name}"):
            return f"lost: {line}"
        saved += what == "saved"
        conflicts += what == "conflict"
    return f"{saved} saved, {conflicts} conflicts"


def _forked(work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    finally:
        os._exit(1)


if __name__ == "__main__":
    what, where, *numbers = sys.argv[1:]
    commands: dict[str, Callable[..., str]] = {"kills": kills, "writers": writers}
    print(commands[what](Path(where), *map(int, numbers)))
