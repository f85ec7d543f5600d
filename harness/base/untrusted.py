"""Read files that somebody else has written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["UnreadableError", "read_bytes"]


class UnreadableError(Exception):
    """The file is missing, isn't a plain file, or is too large. The text is one sentence."""


def read_bytes(path: Path, limit: int) -> bytes:
    """Read a plain file of at most ``limit`` bytes, once and through one handle.

    So the content can't be swapped, changed or shortened while it is used. (A mapped file that is shortened would kill
    the reader.) Links are not followed, and pipes are not waited for.

    Raises:
        UnreadableError: it isn't a plain file of this size, or can't be read.
    """
    flags = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC"))
    try:
        if path.is_symlink():  # where the system knows no O_NOFOLLOW
            raise UnreadableError(f"{path.name} is missing or is not a regular file")
        descriptor = os.open(path, flags)
    except PermissionError as error:
        raise UnreadableError(f"{path.name} can't be read: change its permissions") from error
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{path.name[:100]} is missing or is not a regular file") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise UnreadableError(f"{path.name} is missing or is not a regular file")
    with open(descriptor, "rb", buffering=0) as file:
        if status.st_size > limit:
            raise UnreadableError(f"{path.name} has {status.st_size:,} bytes, and the limit is {limit:,}")
        parts = []
        left = limit + 1
        while left and (block := file.read(min(left, 1 << 20))):
            parts.append(block)
            left -= len(block)
    if not left:
        raise UnreadableError(f"{path.name} has more than {limit:,} bytes, which is the limit")
    return b"".join(parts)
