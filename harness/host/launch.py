"""Which way workers are made: forked, spawned, or not at all; and the launcher of a process that grades many."""

from __future__ import annotations

import sys
from functools import cache
from multiprocessing.util import Finalize

from harness.host.in_process import InProcessLauncher
from harness.host.spawn import SpawnLauncher
from harness.host.workers import Launcher
from harness.isolation.limits import Limits
from harness.problem import problem

__all__ = ["Launcher", "make_launcher", "shared_launcher"]


def make_launcher(mode: str, limits: Limits | None = None) -> Launcher:
    """The launcher of a mode: ``fork``, ``spawn``, ``in-process``, or ``auto``, the best that the platform has."""
    limits = limits or problem().limits
    if mode == "auto":
        mode = "fork" if sys.platform == "linux" else "spawn"
    if mode == "fork":
        from harness.host.fork import ForkLauncher  # needs POSIX

        return ForkLauncher(limits)
    if mode == "spawn":
        return SpawnLauncher(limits)
    return InProcessLauncher(limits)


def shared_launcher(limits: Limits | None = None, large: bool = False) -> Launcher:
    """The launcher of this process: one for all that it grades, until it ends.

    Args:
        limits: of the workers from now on.
        large: the one for modules that have a server of their own, because they make later workers slower.
    """
    launcher = _launcher(large)
    launcher.limits = limits or problem().limits
    return launcher


@cache
def _launcher(large: bool) -> Launcher:
    launcher = make_launcher("auto")
    Finalize(None, launcher.stop, exitpriority=10)
    return launcher
