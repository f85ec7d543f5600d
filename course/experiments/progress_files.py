"""The progress of parts that other processes run: each process appends to a file, and this process reads all files.

If a process dies in the middle of a line, the other lines stay readable. The workers of a cluster can use this as well,
because they see the same folder.
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
"""The folder for progress files. It exists in the folder of results while parts run."""
#: Seconds between two reads of the files.
EVERY = 0.25


class Appender:
    """Appends each moment to a file, as a line of JSON. Training continues if a line can't be written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, moment: Moment) -> None:
        with suppress(OSError), self._path.open("ab") as file:
            file.write(msgspec.json.encode(moment) + b"\n")


class Follower:
    """Reads the new lines that :class:`Appender` objects write into a folder, and shows them."""

    def __init__(self, folder: Path, show: Callable[[Moment], object]) -> None:
        self._folder, self._show = folder, show
        self._places: dict[Path, int] = {}
        self._lock = threading.Lock()

    def look(self) -> None:
        """Show all new moments. Several threads may call this."""
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
            with suppress(msgspec.MsgspecError):  # a process died in the middle of a line
                self._show(msgspec.json.decode(line, type=Moment))


@contextmanager
def following(out: Path, show: Callable[[Moment], object]) -> Iterator[Follower]:
    """Show, in a thread, the progress that other processes write into this folder of results."""
    folder = out / FOLDER
    shutil.rmtree(folder, ignore_errors=True)  # a killed session may have left it
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
