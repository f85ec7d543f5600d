"""Resource limits of workers, and the slowness of this machine."""

from __future__ import annotations

import os
import statistics
import sys
import time

import numpy as np

from harness.host.timer import waited
from harness.problem import Limits

if sys.platform != "win32":
    import resource

__all__ = ["Limits", "apply", "slowness"]

#: Seconds of :func:`_workload` on the machine on which the deadlines were chosen (one thread, median of 100).
NOMINAL_SECONDS = 0.0053


def apply(limits: Limits, *, own_user: bool = False, gpu: bool = False) -> None:
    """Limit this process, if the platform can (POSIX). A worker calls this before it loads student code.

    Args:
        own_user: whether no other process has its user id, so that the user's processes can be counted.
        gpu: whether it will use CUDA, which reserves hundreds of gigabytes of addresses. Then only its data are
            limited.
    """
    if sys.platform == "win32":  # deadlines only
        return

    def limit(which: int, value: int) -> None:
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(which, (value, value))

    limit(resource.RLIMIT_CPU, limits.cpu_seconds)
    limit(resource.RLIMIT_FSIZE, limits.file_bytes)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_NOFILE, limits.open_files)
    if own_user:
        limit(resource.RLIMIT_NPROC, limits.threads)
    if sys.platform == "linux":  # macOS doesn't enforce it
        limit(resource.RLIMIT_DATA if gpu else resource.RLIMIT_AS, _address_space() + limits.memory_bytes)
        try:  # if memory runs out, the kernel should end this process and no other
            with open("/proc/self/oom_score_adj", "w") as file:
                file.write("1000")
        except OSError:
            pass


def _address_space() -> int:
    """The bytes of this process's address space."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def slowness() -> float:
    """The factor by which this machine is slower than the nominal one, at least 1. Deadlines are multiplied by it."""
    seconds = []
    for _ in range(5):
        start, others = time.perf_counter(), waited()
        _workload()
        seconds.append(time.perf_counter() - start - (waited() - others))
    return min(max(1.0, statistics.median(seconds) / NOMINAL_SECONDS), 20.0)


def _workload() -> float:
    """Do some interpreter work and some array work, as a student's solution does."""
    total = 0.0
    for index in range(100_000):
        total += index * 0.5
    values = np.arange(250_000, dtype=np.float64)
    return total + float(np.sqrt(values).sum())
