"""Put the memory that a server shares with forked workers into huge pages (Linux 6.1 and later).

A fork copies its parent's page tables, and the worker's end frees them. Ordinary pages need one entry for every 4 KB.
With torch in memory, this takes longer than many a test. A huge page needs one entry for 2 MB.
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
"""The share of a huge page's memory that must be in use, since the rest is wasted."""


def collapse() -> None:
    """Put this process's memory into huge pages, wherever nearly all of one is in use. The content stays the same.

    Pages stay as they are if the kernel is older or lacks the memory.

    Raises:
        OSError: the kernel has no huge pages, or this process may not read its own memory map.
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
            # Adjacent pages share one call, since each call waits for all cores.
            edges = np.flatnonzero(np.diff(in_use >= FULL, prepend=False, append=False))
            for first, last in edges.reshape(-1, 2).tolist():
                address, size = begin + first * huge, (last - first) * huge
                libc().madvise(ctypes.c_void_p(address), ctypes.c_size_t(size), MADV_COLLAPSE)


def _own_memory() -> Iterator[tuple[int, int]]:
    """The address ranges of this process's allocated memory."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, mode, _, _, inode, *name = line.split(maxsplit=5)
        if mode == "rw-p" and inode == "0" and name in ([], ["[heap]"]):
            begin, _, end = addresses.partition("-")
            yield int(begin, 16), int(end, 16)
