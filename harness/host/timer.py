"""Measure the time of a call without the time that other work on the machine costs it.

A verdict must not depend on other processes. Linux reports how long a process was ready to run but had no core, and
this time doesn't count. Elsewhere, only the wall clock and the slowness measured at the start are used.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import NamedTuple

__all__ = ["Allowance", "Timer", "waited"]

CROWDED = 10.0
"""The factor between a call's seconds and its wall-clock limit. It is chosen so that calls that only wait end too."""
SHORT = 0.05
"""Seconds below which a call counts in full, without the two readings of its waiting time (13 µs each)."""


class Allowance(NamedTuple):
    """The time that a call may take."""

    seconds: float
    """Seconds that the call itself may take."""
    ends: float
    """The time at which the whole run must be over, by ``time.monotonic()``."""


def waited(process: int | str = "thread-self") -> float:
    """Seconds during which the first thread of a process was ready to run but had no core (Linux; elsewhere 0).

    Args:
        process: the process id; by default the calling thread.
    """
    with suppress(OSError, ValueError, IndexError), open(f"/proc/{process}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[1]) / 1e9
    return 0.0


class Timer:
    """Measures the time of one call, from now on.

    The time that the worker or the grader waits for a core doesn't count. Both may wait at the same time, so only the
    longer of the two waits is subtracted.

    Args:
        worker: the worker's process id.
    """

    def __init__(self, worker: int, allowance: Allowance) -> None:
        self._worker = worker
        self._allowance = allowance
        self._began = time.monotonic()
        self._ends = min(self._began + CROWDED * allowance.seconds, allowance.ends)
        self._before = waited(worker), waited()
        self._waited = 0.0

    def _longer_wait(self) -> float:
        return max(waited(self._worker) - self._before[0], waited() - self._before[1])

    @property
    def elapsed(self) -> float:
        """Seconds by the wall clock."""
        return time.monotonic() - self._began

    @property
    def spent(self) -> float:
        """Seconds that the call itself has taken."""
        elapsed = self.elapsed
        if elapsed < SHORT:
            return elapsed
        # The value never decreases, since the kernel reports nothing for a process that has ended.
        self._waited = max(self._waited, self._longer_wait())
        return max(elapsed - self._waited, 0.0)

    @property
    def left(self) -> float:
        """Wall-clock seconds that the call has left if nobody waits for a core; 0 or less when its time is over."""
        left = self._allowance.seconds - self.elapsed
        if left <= 0:
            left = self._allowance.seconds - self.spent
        return min(left, self._ends - time.monotonic())

    @property
    def has_ended(self) -> bool:
        """Whether even an answer that has already arrived is too late."""
        return time.monotonic() >= self._ends

    @property
    def had(self) -> float:
        """The seconds that an expired call had: its own, or wall-clock seconds if those ran out first."""
        return self._allowance.seconds if self.spent >= self._allowance.seconds else self.elapsed
