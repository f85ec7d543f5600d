"""Run parts at the same time, in processes of this machine or on the workers of a cluster.

Parts don't depend on each other until their figures are drawn. On this machine, parts whose times the handout asks for
come last, one after another. So a mistake shows early, and an interrupted run already has most parts.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import torch

from course.experiments.device import device_for
from course.experiments.progress import Display
from course.experiments.progress_files import FOLDER, Appender, following
from course.experiments.runner import EXPERIMENTS, Company, Plan, Session
from course.experiments.watch import Teller
from course.records import Record, RecordError, read, write
from harness.base.cluster import demand
from harness.base.process_pool import Died, TaskRunner, interruptible

__all__ = ["Division", "PartTask", "run_part", "run_parts"]


# A process has one package ``student``, and a worker of a cluster may have several threads: one part at a time.
_alone = threading.Lock()


@dataclass(frozen=True)
class PartTask:
    """One part to run in a separate process."""

    part: str
    plan: Plan
    device: str
    """The device that the user named. Each machine resolves ``auto`` for itself."""
    threads: int
    """The number of CPU threads; 0 lets PyTorch choose."""
    company: Company


@dataclass(frozen=True)
class Division:
    """The processes or workers that run the parts of a session, and what each part gets."""

    runner: TaskRunner
    device: str
    """The device that the user named, ``auto`` for example."""
    threads: int
    """The number of CPU threads that the user asked for. With 0, the processes share the cores."""
    cluster: bool
    """True if the workers belong to a cluster, whose machines may run other programs too."""


def run_part(task: PartTask) -> tuple[Record, bool]:
    """Run a part. Return its record, and whether the part was finished before.

    Raises:
        ClusterError: this machine doesn't see the folders.
        ValueError: this machine has no such device.
        OSError: the disk is full.
    """
    plan = task.plan
    demand(plan.student, plan.out)
    if task.threads:
        torch.set_num_threads(task.threads)
    watch = Teller(Appender(plan.out / FOLDER / f"{task.part}.jsonl"))
    session = Session(plan, device_for(task.device, plan.profile.name), task.company, watch)
    with _alone, interruptible():
        record = session.run(task.part)
    return record, task.part in session.kept


def run_parts(session: Session, division: Division, display: Display) -> Generator[tuple[Record, bool], None, None]:
    """Run the parts of a session. Yield each record when its part ends, and whether it was finished before."""
    plan = replace(session.plan, student=session.plan.student.absolute(), out=session.out.absolute())
    with following(plan.out, display.show) as follower:
        for runner, tasks in _rounds(plan, division):
            with closing(runner.results(run_part, tasks)) as results:
                for task, result in results:
                    follower.look()
                    display.finish(task.part)
                    yield (_given_up(session, task.part), False) if isinstance(result, Died) else result


def _rounds(plan: Plan, division: Division) -> list[tuple[TaskRunner, list[PartTask]]]:
    """Return the parts that run at the same time, and then those that run alone."""

    def tasks(parts: Sequence[str], threads: int, company: Company) -> list[PartTask]:
        return [PartTask(part, plan, division.device, threads, company) for part in parts]

    runner = division.runner
    if division.cluster:
        return [(runner, tasks(plan.parts, division.threads, Company(jobs=0, alone=False)))]
    timed = [part for part in plan.parts if EXPERIMENTS[part].timed]
    others = [part for part in plan.parts if part not in timed]
    shared = division.threads or max((os.cpu_count() or 1) // runner.jobs, 1)
    return [
        (runner, tasks(others, shared, Company(runner.jobs, alone=len(others) == 1))),
        (replace(runner, jobs=1), tasks(timed, division.threads, Company(runner.jobs, alone=True))),
    ]


def _given_up(session: Session, part: str) -> Record:
    """Return the record of a part whose process died, perhaps before it wrote one."""
    folder = session.out / part
    try:
        record = read(folder)
    except RecordError:
        record = session.blank(part)
    kept = record.state == "complete"  # an earlier run's record, which stays until a new one is complete
    record.state = "failed"
    record.reason = "its process died each time it ran this part, perhaps because memory ran out"
    if not kept:
        write(record, folder)
    return record
