"""Hand tasks to an executor of ``concurrent.futures``, and lose none of them if a process dies.

When a process dies, its pool is broken and all tasks of the pool come back. Each task that may have been the cause is
then tried alone. So a task that kills its process costs no other task.
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
    """The task failed for good: each process that ran it died or hung."""


@dataclass(frozen=True)
class TaskRunner:
    """Runs tasks in a pool of processes."""

    pool: Callable[[int], AbstractContextManager[Executor]]
    """A function that opens an executor with this number of processes."""
    jobs: int
    ahead: int = 1
    """The number of tasks that are handed out in advance, so that no process waits for its next one."""
    fatal: tuple[type[BaseException], ...] = ()
    """The exceptions by which an executor says that a task has killed several processes."""

    def results(
        self, do: Callable[[Work], Result], works: Iterable[Work]
    ) -> Generator[tuple[Work, Result | Died], None, None]:
        """Run ``do`` on each task, and yield pairs of a task and its result as they finish."""
        waiting = deque(works)
        while waiting:
            suspects = yield from self._round(self.jobs, do, waiting)
            for work in suspects:
                if (yield from self._round(1, do, deque([work]))):
                    yield work, Died("its process died or stopped responding")

    def _round(
        self, jobs: int, do: Callable[[Work], Result], waiting: deque[Work]
    ) -> Generator[tuple[Work, Result | Died], None, list[Work]]:
        """Run tasks until none is left or the pool breaks. Return the tasks that were running when it broke."""
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
    """Treat SIGTERM and SIGHUP like Ctrl-C. An ignored signal stays ignored, as nohup ignores SIGHUP."""
    for name in ("SIGTERM", "SIGHUP"):
        stop = getattr(signal, name, None)
        if stop is not None and signal.getsignal(stop) is signal.SIG_DFL:
            signal.signal(stop, signal.default_int_handler)


def usual_jobs() -> int:
    """The usual number of processes: one more than there are cores, since each waits now and then."""
    return (os.cpu_count() or 1) + 1


@contextmanager
def pool(jobs: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """Open a pool of processes on this machine: ``jobs`` of them, or :func:`usual_jobs`.

    The processes ignore Ctrl-C: this process ends them. They end by themselves when this process is gone.
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
"""True while this process of a pool has something to clean up before it ends."""
_leaving = False


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a stop of the pool interrupt the work inside with a KeyboardInterrupt.

    The process ends after its clean-up.
    """
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
    """End this process when its parent is gone. Otherwise it would wait for tasks for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(SECONDS_TO_LEAVE)
        os._exit(1)
