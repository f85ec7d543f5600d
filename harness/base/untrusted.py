"""Read a file that somebody else has put there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["UnreadableError", "read_bytes"]


class UnreadableError(Exception):
    """A file that is missing, no plain file, or too large; the text is one sentence."""


def read_bytes(path: Path, limit: int) -> bytes:
    """All of a plain file of at most ``limit`` bytes, read once and through one handle.

    What is looked at afterwards can't be another file, nor change, nor end early (a mapped file that is cut short
    would kill the reader). Links are not followed, pipes are not waited for.

    Raises:
        UnreadableError: it is none.
    """
    flags = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC"))
    try:
        if path.is_symlink():  # where the system knows no O_NOFOLLOW
            raise UnreadableError(f"{path.name} is missing, or no plain file")
        descriptor = os.open(path, flags)
    except PermissionError as error:
        raise UnreadableError(f"{path.name} can't be read: change its permissions") from error
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{path.name[:100]} is missing, or no plain file") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise UnreadableError(f"{path.name} is missing, or no plain file")
    with open(descriptor, "rb", buffering=0) as file:
        if status.st_size > limit:
            raise UnreadableError(f"{path.name} has {status.st_size:,} bytes, and {limit:,} are more than it can need")
        parts = []
        left = limit + 1
        while left and (block := file.read(min(left, 1 << 20))):
            parts.append(block)
            left -= len(block)
    if not left:
        raise UnreadableError(f"{path.name} has more than the {limit:,} bytes that it can need")
    return b"".join(parts)
