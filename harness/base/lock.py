"""One writer at a time in a folder of results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

__all__ = ["lock"]


def lock(folder: Path) -> IO[str]:
    """A file that holds other runs off the folder while it is open; a run that is killed lets go of it.

    Raises:
        BlockingIOError: another run has it.
    """
    file = (folder / ".lock").open("w")
    if sys.platform != "win32":  # there, two runs at the same time are not kept apart
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise
        except OSError:  # a file system without locks
            pass
    return file
