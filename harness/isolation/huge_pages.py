"""Huge pages for the memory that a server shares with the workers that it forks (Linux 6.1 and later).

A fork copies the page tables of its parent, and they are taken down again when the worker ends. In ordinary pages that
is an entry for every 4 KB, and with torch in memory it takes more time than many a test; a huge page is one for 2 MB.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness.isolation.seccomp import libc

__all__ = ["collapse"]

HUGE = Path("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size")
MADV_COLLAPSE = 25
FULL = 0.9
"""the part of a huge page's memory that has to be in use: the rest is taken for nothing"""


def collapse() -> None:
    """Put this process's memory into huge pages, where nearly all of one is in use; what they are filled with stays.

    Where the kernel is older, or has no memory for it, pages stay as they are.

    Raises:
        OSError: the kernel has no huge pages, or this process may not look at its own memory.
    """
    huge = int(HUGE.read_text())
    with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        for begin, end in _own_memory():
            begin = -(-begin // huge) * huge
            if (count := (end - begin) // huge) <= 0:
                continue
            pagemap.seek(begin // mmap.PAGESIZE * 8)
            entries = np.frombuffer(pagemap.read(count * huge // mmap.PAGESIZE * 8), np.uint64)
            in_use = (entries >> 63).reshape(count, -1).mean(1)  # the highest bit: the page is in memory
            # One call for those that lie side by side: each waits for all cores.
            edges = np.flatnonzero(np.diff(in_use >= FULL, prepend=False, append=False))
            for first, last in edges.reshape(-1, 2).tolist():
                address, size = begin + first * huge, (last - first) * huge
                libc().madvise(ctypes.c_void_p(address), ctypes.c_size_t(size), MADV_COLLAPSE)


def _own_memory() -> Iterator[tuple[int, int]]:
    """Where what was allocated lies: from address to address."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, mode, _, _, inode, *name = line.split(maxsplit=5)
        if mode == "rw-p" and inode == "0" and name in ([], ["[heap]"]):
            begin, _, end = addresses.partition("-")
            yield int(begin, 16), int(end, 16)
