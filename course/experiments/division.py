"""Parts that are run at the same time: by processes of this machine, or by the workers of a cluster.

Parts don't depend on each other until their figures are drawn.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch

from course.experiments.lab import device_of
from course.experiments.profiles import PROFILES
from course.experiments.runner import Session
from course.records import Record, RecordError, read, write
from harness.base.cluster import demand
from harness.base.process_pool import Died, TaskRunner, interruptible

__all__ = ["PartTask", "run_part", "run_parts"]


# The student's modules are one package in a process; a worker of a cluster may have several threads.
_alone = threading.Lock()


@dataclass(frozen=True)
class PartTask:
    """One part, to be run in a process of its own."""

    part: str
    profile: str
    student: Path
    out: Path
    seed: int
    device: str
    """The device that was asked for. Each machine finds its own ``auto``."""
    resume: bool
    replace: bool
    threads: int
    """The number of CPU threads; 0 is PyTorch's choice."""


def run_part(task: PartTask) -> tuple[Record, bool]:
    """Run a part; its record, and whether it was finished before.

    Raises:
        ClusterError: this machine doesn't see the folders.
        ValueError: it has no such device.
        OSError: the disk is full.
    """
    demand(task.student, task.out)
    if task.threads:
        torch.set_num_threads(task.threads)
    device = device_of(task.device)
    profile = PROFILES[task.profile]
    session = Session([task.part], profile, task.student, task.out, task.seed, device, task.resume, task.replace)
    with _alone, interruptible():
        record = session.run(task.part)
    return record, task.part in session.kept


def run_parts(
    session: Session, runner: TaskRunner, device: str, threads: int
) -> Generator[tuple[Record, bool], None, None]:
    """Run the parts of a session; records come as they are there, with whether they were finished before."""
    tasks = [
        PartTask(
            part,
            session.profile.name,
            session.student.absolute(),
            session.out.absolute(),
            session.seed,
            device,
            session.resume,
            session.replace,
            threads,
        )
        for part in session.parts
    ]
    with closing(runner.results(run_part, tasks)) as results:
        for task, result in results:
            yield (_given_up(session, task.part), False) if isinstance(result, Died) else result


def _given_up(session: Session, part: str) -> Record:
    """The record of a part whose process died, maybe before it wrote one."""
    folder = session.out / part
    try:
        record = read(folder)
    except RecordError:
        record = session.blank(part)
    kept = record.state == "complete"  # an earlier run's, which was not to be lost before its successor is there
    record.state = "failed"
    record.reason = "its process died whenever it ran this part, as it does where memory runs out"
    if not kept:
        write(record, folder)
    return record
