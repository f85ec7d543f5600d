"""One process at a time, in a folder of results or with a download."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["lock"]


def lock(path: Path, wait: bool = False) -> AbstractContextManager[object]:
    """Take a lock, which the end of the context gives back, or the end of the process if it is killed.

    Where files can't be locked, as on some network file systems, every process gets it.

    Args:
        path: an empty file, which is made if it isn't there and stays.
        wait: True waits for another process that has the lock.

    Raises:
        BlockingIOError: another process has it, and ``wait`` is False.
        OSError: the file can't be made.
    """
    try:
        return FileLock(path).acquire(blocking=wait)
    except Timeout:
        raise BlockingIOError(f"{path} is held by another process") from None
    except (OSError, NotImplementedError):
        path.touch()  # if that fails too, it isn't locking that is missing here
        return nullcontext()
