"""Hand work to an executor of ``concurrent.futures``, and lose none of it where a process dies.

A pool whose process dies is broken, and all work that was handed to it comes back. Whatever may have been the cause is
then tried alone, so that what brings a process down costs itself and nothing else.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Died", "TaskRunner", "heed_stops", "interruptible", "pool", "usual_jobs"]

SECONDS_TO_LEAVE = 10.0

Work = TypeVar("Work")
Result = TypeVar("Result")


class Died(Exception):
    """Whenever a process had this work, it died or stood still."""


@dataclass(frozen=True)
class TaskRunner:
    """Who does the work."""

    pool: Callable[[int], AbstractContextManager[Executor]]
    """makes an executor of so many processes"""
    jobs: int
    ahead: int = 1
    """The amount of work that is handed out beyond that, so that nobody waits for it."""
    fatal: tuple[type[BaseException], ...] = ()
    """The exceptions of an executor that has tried a piece of work again and again, and whose processes died of it."""

    def results(
        self, do: Callable[[Work], Result], works: Iterable[Work]
    ) -> Generator[tuple[Work, Result | Died], None, None]:
        """Do all works; results come as they are there."""
        waiting = deque(works)
        while waiting:
            suspects = yield from self._round(self.jobs, do, waiting)
            for work in suspects:
                if (yield from self._round(1, do, deque([work]))):
                    yield work, Died("its process died, or stood still")

    def _round(
        self, jobs: int, do: Callable[[Work], Result], waiting: deque[Work]
    ) -> Generator[tuple[Work, Result | Died], None, list[Work]]:
        """Do work until there is no more, or until the pool is broken; what it had in hand then."""
        with self.pool(jobs) as executor:
            pending: dict[Future[Result], Work] = {}
            while waiting or pending:
                try:
                    while waiting and len(pending) < jobs + self.ahead:
                        pending[executor.submit(do, waiting[0])] = waiting[0]
                        waiting.popleft()
                except BrokenExecutor:
                    return list(pending.values())
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    try:
                        result: Result | Died = future.result()
                    except BrokenExecutor:
                        return list(pending.values())
                    except self.fatal as error:
                        result = Died(str(error))
                    yield pending.pop(future), result
        return []


# ---- this machine's processes ----


def heed_stops() -> None:
    """Take SIGTERM and SIGHUP for Ctrl-C, but for what is switched off, as nohup does with SIGHUP."""
    for name in ("SIGTERM", "SIGHUP"):
        stop = getattr(signal, name, None)
        if stop is not None and signal.getsignal(stop) is signal.SIG_DFL:
            signal.signal(stop, signal.default_int_handler)


def usual_jobs() -> int:
    """One process more than there are cores, where each waits for others now and then."""
    return (os.cpu_count() or 1) + 1


@contextmanager
def pool(jobs: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """Processes of this machine, :func:`usual_jobs` if not told otherwise.

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
"""True while something would be left behind if this process of a pool ended at once."""
_leaving = False


@contextmanager
def interruptible() -> Iterator[None]:
    """Around work of a pool's process: where the pool is stopped, a KeyboardInterrupt ends it, and then the process."""
    global _at_work
    _at_work = True
    try:
        yield
    finally:
        _at_work = False
        if _leaving:  # not back to the pool: its queue's lock may be with a process that is gone
            os._exit(0)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all processes
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave(*_: object) -> None:
    global _leaving
    if not _at_work:
        os._exit(0)
    if not _leaving:
        _leaving = True
        raise KeyboardInterrupt


def _leave_with_parent() -> None:
    """A pool whose owner was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(SECONDS_TO_LEAVE)
        os._exit(1)
