"""Which way workers are made: forked, spawned, or not at all."""

from __future__ import annotations

import sys

from grader.sandbox.in_process import InProcessLauncher
from grader.sandbox.limits import Limits
from grader.sandbox.spawn import SpawnLauncher
from grader.sandbox.workers import Launcher

__all__ = ["Launcher", "make_launcher"]


def make_launcher(mode: str, limits: Limits | None = None) -> Launcher:
    """The launcher of a mode: ``fork``, ``spawn``, ``in-process``, or ``auto``, the best that the platform has."""
    limits = limits or Limits()
    if mode == "auto":
        mode = "fork" if sys.platform == "linux" else "spawn"
    if mode == "fork":
        from grader.sandbox.fork import ForkLauncher  # needs POSIX

        return ForkLauncher(limits)
    if mode == "spawn":
        return SpawnLauncher(limits)
    return InProcessLauncher(limits)
