"""How long a call takes by itself, whatever else the machine does.

A verdict must not depend on what else runs. On Linux the kernel says how long a process was ready to run while others
had the cores: that time is not the call's. Elsewhere there is the wall clock alone, and the slowness that was measured
at the start.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import NamedTuple

__all__ = ["Allowance", "Timer", "waited"]

CROWDED = 10.0
"""times its seconds is what a call may take by the wall clock: chosen, so that what makes itself wait ends too"""
SHORT = 0.05
"""seconds; shorter calls count whole, without the two readings, of 13 µs each, of what they waited"""


class Allowance(NamedTuple):
    """What a call gets."""

    seconds: float
    """The time that it may take by itself."""
    ends: float
    """The moment when the whole run has to be over, by ``time.monotonic()``."""


def waited(process: int | str = "thread-self") -> float:
    """Seconds for which the first thread of a process was ready to run and had no core (Linux; elsewhere 0).

    Args:
        process: its id; without one, the thread that asks.
    """
    with suppress(OSError, ValueError, IndexError), open(f"/proc/{process}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[1]) / 1e9
    return 0.0


class Timer:
    """The time of one call, from now on.

    What the worker or the grader waits for a core doesn't count: the longer of the two waits, since the grader, which
    looks at the clock while the worker is at work, may wait at the same time.

    Args:
        worker: its process id.
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
        # Never less than before: nothing is said of a process that has ended.
        self._waited = max(self._waited, self._longer_wait())
        return max(elapsed - self._waited, 0.0)

    @property
    def left(self) -> float:
        """Seconds that the call may still take, by the wall clock if nobody waits; 0 or less when its time is over."""
        left = self._allowance.seconds - self.elapsed
        if left <= 0:
            left = self._allowance.seconds - self.spent
        return min(left, self._ends - time.monotonic())

    @property
    def has_ended(self) -> bool:
        """Whether even what is there already comes too late."""
        return time.monotonic() >= self._ends

    @property
    def had(self) -> float:
        """The seconds that a call had whose time is over: by itself, or by the wall clock if these ran out first."""
        return self._allowance.seconds if self.spent >= self._allowance.seconds else self.elapsed
