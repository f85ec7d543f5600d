"""Hand work to an executor of ``concurrent.futures``, and lose none of it where a process dies.

A pool whose process dies is broken, and all work that was handed to it comes back. Whatever may have been the cause is
then tried alone, so that one submission that brings the grader down costs itself and nothing else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Crew", "Died"]

Work = TypeVar("Work")
Result = TypeVar("Result")


class Died(Exception):
    """Whenever a process had this work, it died or stood still."""


@dataclass(frozen=True)
class Crew:
    """Who does the work."""

    pool: Callable[[int], AbstractContextManager[Executor]]
    """makes an executor of so many processes"""
    jobs: int
    ahead: int = 1
    """how much work is handed out beyond that, so that nobody waits for it"""
    deadly: tuple[type[BaseException], ...] = ()
    """what an executor raises that has tried a piece of work again and again, and whose processes died of it"""

    def results(
        self, do: Callable[[Work], Result], works: Iterable[Work]
    ) -> Generator[tuple[Work, Result | Died], None, None]:
        """Do all works; results come as they are there."""
        waiting = deque(works)
        while waiting:
            suspects = yield from self._round(self.jobs, do, waiting)
            for work in suspects:
                if (yield from self._round(1, do, deque([work]))):
                    yield work, Died("the grader's process died, or stood still")

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
                    except self.deadly as error:
                        result = Died(str(error))
                    yield pending.pop(future), result
        return []
