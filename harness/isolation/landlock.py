"""Restrict a worker's files by Landlock (Linux 5.13 and later), without privileges and without mounts.

All other paths are refused, even through links, since Landlock checks the file and not its name. Newer kernels also
deny TCP ports, and signals and abstract sockets to other processes.

Sources: Linux' ``Documentation/userspace-api/landlock.rst``; ``man 7 landlock``.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from harness.isolation.seccomp import PR_SET_NO_NEW_PRIVS, libc, prctl

__all__ = ["restrict", "version"]

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # system calls, the same on every architecture
_RULE_PATH_BENEATH = 1

WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5
MAKE_DIR, MAKE_REG, TRUNCATE = 1 << 7, 1 << 8, 1 << 14

_FILES = {1: 13, 2: 14, 3: 15, 5: 16}
"""The number of file access rights (the lowest bits), by the version that introduced it."""
_READ = READ_FILE | READ_DIR
_WRITE = _READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | TRUNCATE
_OF_A_FILE = READ_FILE | WRITE_FILE | TRUNCATE


def version() -> int:
    """The kernel's version of Landlock; 0 if it has none."""
    return max(_call(_CREATE, None, 0, 1), 0)


def restrict(read: Iterable[str], write: Iterable[str]) -> None:
    """Permanently restrict this process to files below some paths. Missing paths are skipped.

    Args:
        read: files and folders to read. A folder includes all its content.
        write: files and folders to read and write. In the folders, files can be created and removed too.

    Raises:
        OSError: the kernel has no Landlock, or a path can't be opened.
    """
    found = version()
    rights = max((count for since, count in _FILES.items() if found >= since), default=0)
    handled = (1 << rights) - 1
    attributes = struct.pack("<QQQ", handled, 3 if found >= 4 else 0, 3 if found >= 6 else 0)
    size = 24 if found >= 6 else 16 if found >= 4 else 8
    ruleset = _checked(_call(_CREATE, attributes[:size], size, 0))
    try:
        for paths, allowed in ((read, _READ), (write, _WRITE)):
            for path in paths:
                _allow(ruleset, path, allowed & handled)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        _checked(_call(_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):  # what this process can't reach, the worker can't either
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_A_FILE
        _checked(_call(_ADD, ruleset, _RULE_PATH_BENEATH, struct.pack("<Qi", rights, descriptor), 0))
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: int | bytes | None) -> int:
    """Make a system call for which the C library has no function."""
    wide = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return int(libc().syscall(ctypes.c_long(number), *wide))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
