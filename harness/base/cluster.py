"""Work for a Dask cluster in the place of this machine's processes: ``--scheduler tcp://HOST:8786``.

What is done goes through ``concurrent.futures`` either way. The cluster's workers have this software, in the same
version, and see the same folders under the same paths; nothing else is sent to them but what to do.
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
"""The time that a scheduler has to answer."""
EVERYTHING = 1_000_000
"""pieces of work that a scheduler is given at once: it has to see them to ask for more machines"""


class ClusterError(Exception):
    """The cluster can't do it; the text is one sentence that says what to do."""


@contextmanager
def connected(address: str, tell: Callable[[str], object], gpu: bool = False) -> Iterator[TaskRunner]:
    """The workers of a cluster.

    Args:
        tell: is told how many there are.
        address: of its scheduler, ``tcp://host:8786``.
        gpu: only workers that were started with ``--resources GPU=1``, one piece of work for each GPU.

    Raises:
        ClusterError: nobody answers, or Dask is not installed.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise ClusterError("--scheduler needs Dask: pip install -e '.[distributed]'") from None
    try:
        place = urlsplit(address)
        if not place.scheme or not place.hostname or not place.port:
            raise ValueError("no address like tcp://host:8786")
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
    """Make sure, on a worker, that it sees what it needs.

    Raises:
        ClusterError: it doesn't.
    """
    for path in paths:
        if not path.exists():
            raise ClusterError(
                f"{socket.gethostname()} doesn't see {path}: all machines of a cluster need the same folders under the "
                "same paths."
            )
