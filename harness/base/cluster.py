"""Run work on a Dask cluster instead of this machine's processes: ``--scheduler tcp://HOST:8786``.

Both ways use ``concurrent.futures``. The cluster's workers need the same version of this software, and the same folders
under the same paths. Only function calls are sent to them.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from harness.base.process_pool import TaskRunner

__all__ = ["ClusterError", "connected", "demand"]

SECONDS = 20
"""Seconds that a scheduler has to answer."""
EVERYTHING = 1_000_000
"""The most tasks that a scheduler is given at once. It needs to see waiting tasks to ask for more machines."""


class ClusterError(Exception):
    """The cluster can't be used. The text is one sentence that says what to do."""


@contextmanager
def connected(address: str, tell: Callable[[str], object], gpu: bool = False) -> Iterator[TaskRunner]:
    """Connect to a cluster, and yield a task runner that uses its workers.

    Args:
        tell: called with the number of workers, as a sentence.
        address: the scheduler's address, ``tcp://host:8786``.
        gpu: use only workers that were started with ``--resources GPU=1``, one task at a time for each GPU.

    Raises:
        ClusterError: no scheduler answers, or Dask is not installed.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise ClusterError("--scheduler needs Dask: run pip install -e '.[distributed]'.") from None
    try:
        place = urlsplit(address)
        if not place.scheme or not place.hostname or not place.port:
            raise ValueError("the address must look like tcp://host:8786")
        socket.create_connection((place.hostname, place.port), SECONDS).close()  # Dask would try for longer
        client = Client(address, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise ClusterError(
            f"No scheduler answers at {address} ({said}): start one with dask scheduler, and name its address."
        ) from None
    workers = client.scheduler_info()["workers"].values()
    able = sum(not gpu or worker["resources"].get("GPU", 0) >= 1 for worker in workers)
    kind = "workers with --resources GPU=1" if gpu else "workers"
    tell(f"{address} has {able} {kind}." if able else f"{address} has no {kind} yet: this waits for them.")

    @contextmanager
    def pool(jobs: int) -> Iterator[Executor]:
        wanted = {"resources": {"GPU": 1}} if gpu else {}
        executor = client.get_executor(pure=False, **wanted)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)  # cancels what is left

    try:
        yield TaskRunner(pool, 1, EVERYTHING, (KilledWorker,))
    finally:
        client.close()


def demand(*paths: Path) -> None:
    """Check on a worker that its software and folders are those of this machine.

    Raises:
        ClusterError: they are not.
    """
    for path in paths:
        if not path.exists():
            raise ClusterError(
                f"{socket.gethostname()} doesn't see {path}: all machines of a cluster need the same folders under the "
                "same paths."
            )
