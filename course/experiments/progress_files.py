"""How far parts are that other processes run: each writes a file, and this process reads them all.

A file of lines is the simplest thing that survives: a process that dies in the middle of a line leaves the others
readable, and the workers of a cluster see the same folder as well.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from course.experiments.watch import Moment

__all__ = ["FOLDER", "Appender", "Follower", "following"]

FOLDER = ".progress"
"""The folder in the folder of results while parts are run."""
#: Seconds between two looks at the files.
EVERY = 0.25


class Appender:
    """Writes each moment as a line at the end of a file. What can't be written is left out: training goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, moment: Moment) -> None:
        with suppress(OSError), self._path.open("ab") as file:
            file.write(msgspec.json.encode(moment) + b"\n")


class Follower:
    """Reads what :class:`Appender` writes into a folder, from where it left off."""

    def __init__(self, folder: Path, show: Callable[[Moment], object]) -> None:
        self._folder, self._show = folder, show
        self._places: dict[Path, int] = {}
        self._lock = threading.Lock()

    def look(self) -> None:
        """Show all moments that are new; several threads may call this."""
        with self._lock:
            for path in sorted(self._folder.glob("*.jsonl")):
                with suppress(OSError):
                    self._read(path)

    def _read(self, path: Path) -> None:
        with path.open("rb") as file:
            file.seek(self._places.get(path, 0))
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._places[path] = self._places.get(path, 0) + len(whole)
        for line in whole.splitlines():
            with suppress(msgspec.MsgspecError):  # the end of a line of a process that died, and another's beginning
                self._show(msgspec.json.decode(line, type=Moment))


@contextmanager
def following(out: Path, show: Callable[[Moment], object]) -> Iterator[Follower]:
    """While this lasts, a thread shows what the processes write that work in this folder of results."""
    folder = out / FOLDER
    shutil.rmtree(folder, ignore_errors=True)  # of a session that was killed
    folder.mkdir(exist_ok=True)
    follower = Follower(folder, show)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(EVERY):
            follower.look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield follower
    finally:
        ended.set()
        thread.join()
        follower.look()
        shutil.rmtree(folder, ignore_errors=True)
