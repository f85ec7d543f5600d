"""A file lock: one process at a time works in a folder of results, or downloads a file."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["lock"]


def lock(path: Path, wait: bool = False) -> AbstractContextManager[object]:
    """Hold a lock for the time of the context. The system releases it if the process is killed.

    Some network file systems can't lock files. There every process gets the lock.

    Args:
        path: an empty file. It is created if it is missing, and is never removed.
        wait: whether to wait for another process that has the lock.

    Raises:
        BlockingIOError: another process has the lock, and ``wait`` is False.
        OSError: the file can't be created.
    """
    try:
        return FileLock(path).acquire(blocking=wait)
    except Timeout:
        raise BlockingIOError(f"{path} is held by another process") from None
    except (OSError, NotImplementedError):
        path.touch()  # if that fails too, it isn't locking that is missing here
        return nullcontext()
