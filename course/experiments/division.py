"""Parts that are run at the same time: by processes of this machine, or by the workers of a cluster.

Parts don't depend on each other until their figures are drawn. Those whose times the handout asks for come last on this
machine, one after another: a mistake shows early, and an interrupted run already has most parts.
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


# The student's modules are one package in a process; a worker of a cluster may have several threads.
_alone = threading.Lock()


@dataclass(frozen=True)
class PartTask:
    """One part, to be run in a process of its own."""

    part: str
    plan: Plan
    device: str
    """The device that was asked for. Each machine finds its own ``auto``."""
    threads: int
    """The number of CPU threads; 0 is PyTorch's choice."""
    company: Company


@dataclass(frozen=True)
class Division:
    """Who runs the parts of a session, and with what."""

    runner: TaskRunner
    device: str
    """The device that was asked for, ``auto`` for example."""
    threads: int
    """The number of CPU threads that were asked for; 0: the processes share the cores."""
    cluster: bool
    """The workers are a cluster's: nobody here knows what else runs on their machines."""


def run_part(task: PartTask) -> tuple[Record, bool]:
    """Run a part; its record, and whether it was finished before.

    Raises:
        ClusterError: this machine doesn't see the folders.
        ValueError: it has no such device.
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
    """Run the parts of a session; records come as they are there, with whether they were finished before."""
    plan = replace(session.plan, student=session.plan.student.absolute(), out=session.out.absolute())
    with following(plan.out, display.show) as follower:
        for runner, tasks in _rounds(plan, division):
            with closing(runner.results(run_part, tasks)) as results:
                for task, result in results:
                    follower.look()
                    display.finish(task.part)
                    yield (_given_up(session, task.part), False) if isinstance(result, Died) else result


def _rounds(plan: Plan, division: Division) -> list[tuple[TaskRunner, list[PartTask]]]:
    """What is run at the same time, and then what is run alone."""

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
    """The record of a part whose process died, maybe before it wrote one."""
    folder = session.out / part
    try:
        record = read(folder)
    except RecordError:
        record = session.blank(part)
    kept = record.state == "complete"  # an earlier run's, which was not to be lost before its successor is there
    record.state = "failed"
    record.reason = "its process died each time it ran this part, as processes do when memory runs out"
    if not kept:
        write(record, folder)
    return record
