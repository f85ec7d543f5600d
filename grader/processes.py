"""Processes that grade many submissions: a pool, and the sandbox that each of its processes keeps."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache
from multiprocessing.util import Finalize

from grader.sandbox.launch import Launcher, make_launcher
from grader.sandbox.limits import Limits

__all__ = ["interruptible", "pool", "shared_launcher", "usual_jobs"]

SECONDS_TO_LEAVE = 10.0


def shared_launcher(limits: Limits | None = None, large: bool = False) -> Launcher:
    """The launcher of this process: one for all that it grades, until it ends.

    Args:
        limits: of the workers from now on.
        large: one of its own for part 4, whose torchvision makes every worker that is forked later a third dearer.
    """
    launcher = _launcher(large)
    launcher.limits = limits or Limits()
    return launcher


@cache
def _launcher(large: bool) -> Launcher:
    launcher = make_launcher("auto")
    Finalize(None, launcher.stop, exitpriority=10)
    return launcher


def usual_jobs() -> int:
    """One process more than there are cores, since each waits for its workers."""
    return (os.cpu_count() or 1) + 1


@contextmanager
def pool(jobs: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """Processes that grade, :func:`usual_jobs` if not told otherwise.

    They leave Ctrl-C to this process, which ends them, and end by themselves where it is gone.
    """
    # Not forked: this process may have threads, and those of the pool start some.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs or usual_jobs(), mp_context=context, initializer=_begin) as executor:
        try:
            yield executor
        except BaseException:  # who leaves early waits for nothing
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            executor.shutdown(cancel_futures=True)


_at_work = False
"""whether something would be left behind if this process of a pool ended at once"""


@contextmanager
def interruptible() -> Iterator[None]:
    """Around work of a pool's process: where the pool is stopped, a KeyboardInterrupt comes out of it."""
    global _at_work
    _at_work = True
    try:
        yield
    finally:
        _at_work = False


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all processes
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave(*_: object) -> None:
    if _at_work:
        raise KeyboardInterrupt
    os._exit(0)


def _leave_with_parent() -> None:
    """A pool whose owner was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(SECONDS_TO_LEAVE)
        os._exit(1)
