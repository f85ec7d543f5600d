"""Choose how workers are created (forked, spawned or in-process), and share a launcher between gradings."""

from __future__ import annotations

import sys
from functools import cache
from multiprocessing.util import Finalize

from harness.host.spawn import SpawnLauncher
from harness.host.workers import Launcher
from harness.isolation.limits import Limits
from harness.problem import problem

__all__ = ["Launcher", "make_launcher", "shared_launcher"]


def make_launcher(mode: str, limits: Limits | None = None) -> Launcher:
    """Make the launcher of a mode: ``fork``, ``spawn``, ``in-process``, or ``auto`` for the platform's best."""
    limits = limits or problem().limits
    if mode == "auto":
        mode = "fork" if sys.platform == "linux" else "spawn"
    if mode == "fork":
        from harness.host.fork import ForkLauncher  # needs POSIX

        return ForkLauncher(limits)
    if mode == "spawn":
        return SpawnLauncher(limits)
    from harness.host.in_process import InProcessLauncher  # imports torch

    return InProcessLauncher(limits)


def shared_launcher(limits: Limits | None = None, large: bool = False) -> Launcher:
    """The launcher that all gradings of this process share, until the process ends.

    Args:
        limits: the limits of workers from now on.
        large: return the launcher for modules with a server of their own, whose preloads would slow other workers down.
    """
    launcher = _launcher(large)
    launcher.limits = limits or problem().limits
    return launcher


@cache
def _launcher(large: bool) -> Launcher:
    launcher = make_launcher("auto")
    Finalize(None, launcher.stop, exitpriority=10)
    return launcher
