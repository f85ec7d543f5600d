"""Run parts one after another. Whatever stops a part, all finished work is kept."""

from __future__ import annotations

import errno
import shutil
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import msgspec
import torch

from course.datasets import DataError
from course.experiments import part1, part2, part3, part4, part5, part6, report
from course.experiments.device import describe_device, environment
from course.experiments.experiment import Experiment
from course.experiments.lab import Lab
from course.experiments.profiles import Profile
from course.experiments.student_code import NotImplementedYet, StudentCode, blame
from course.experiments.watch import NOBODY, Watch
from course.plotting import save
from course.records import FILE, MODULES, PARTS, PartSession, Record, RecordError, Run, read, write
from course.trainer import Diverged

__all__ = ["ALONE", "EXPERIMENTS", "Company", "ConflictError", "Plan", "Session", "parts_of"]

EXPERIMENTS: dict[str, Experiment] = {
    experiment.part: experiment
    for module in (part1, part2, part3, part4, part5, part6)
    for experiment in module.EXPERIMENTS
}
FAULT = "fault.txt"
"""The file in the part's folder with the traceback of an exception that was not raised in the student's code."""
#: The most sessions that a record may have (see ``Record.sessions``).
MOST_SESSIONS = 1_000


class ConflictError(Exception):
    """The folder has results that would be lost. The text says what to do."""


def parts_of(names: Sequence[str]) -> list[str]:
    """Return the parts that names such as ``3`` or ``3.3`` mean, in the handout's order; without names, all parts.

    Raises:
        ValueError: there is no part of this name.
    """
    for name in names:
        if not any(part == name or part.startswith(f"{name}.") for part in PARTS):
            raise ValueError(f"There is no part {name}: choose from {', '.join(PARTS)}, or write 3 for 3.1 to 3.4")
    return [part for part in PARTS if not names or any(part == n or part.startswith(f"{n}.") for n in names)]


@dataclass(frozen=True)
class Plan:
    """What a session is to run. It can be sent to another process."""

    parts: Sequence[str]
    profile: Profile
    student: Path
    """The folder with the student's modules."""
    out: Path
    """The folder of results."""
    seed: int = 43
    resume: bool = False
    replace: bool = False


@dataclass(frozen=True)
class Company:
    """What may run at the same time as a part."""

    jobs: int
    """The most parts that the session runs at the same time; 0 if a cluster's workers run them."""
    alone: bool
    """True if no other part of the session runs at the same time."""


ALONE = Company(jobs=1, alone=True)


class Session:
    """One call of ``run_experiments.py``, or the parts of it that one process runs.

    Args:
        device: the device to train on; without it, the CPU.
        watch: receives the progress of the parts.
        save_every: seconds between two saved states of a run; without it, those of :class:`Lab`.
    """

    def __init__(
        self,
        plan: Plan,
        device: torch.device | None = None,
        company: Company = ALONE,
        watch: Watch = NOBODY,
        save_every: float | None = None,
    ) -> None:
        self.plan = plan
        self.parts, self.profile, self.out = plan.parts, plan.profile, plan.out
        self.device = device or torch.device("cpu")
        self.company, self.watch, self.save_every = company, watch, save_every
        self.code = StudentCode(plan.student)
        self.kept: set[str] = set()
        """The parts that were finished before this session."""

    # ---- existing results ----

    def check(self) -> None:
        """Check that no existing results would be lost.

        Raises:
            ConflictError: the folder has results that this session may not replace or continue.
        """
        for part in self.parts:
            if not (self.out / part / FILE).exists():
                continue
            try:
                old = read(self.out / part)
            except RecordError as error:
                if not self.plan.replace:
                    raise ConflictError(f"{self.out / part}: {error}; --replace runs this part again") from None
                continue
            if old.state != "complete" and not any(run.accuracies for run in old.runs):  # there is nothing to lose
                continue
            where = f"{self.out / part} holds results"
            if old.profile == "full" and self.profile.name != "full":
                raise ConflictError(
                    f"{where} of the full profile, which {self.profile.name} results never replace: name another "
                    "folder with --out"
                )
            if old.profile != "full" and self.profile.name == "full":  # quick results earn no points
                continue
            difference = self._difference(part, old)
            if difference and not self.plan.replace:
                raise ConflictError(
                    f"{where} {difference}: replace them with --replace, or name another folder with --out"
                )
            if not difference and not self.plan.resume and not self.plan.replace:
                raise ConflictError(
                    f"{where} of the same kind: keep them and continue with --resume, replace them with --replace, or "
                    "name another folder with --out"
                )

    def _difference(self, part: str, old: Record) -> str:
        """Say how a record differs from one that would be made now; an empty text if it doesn't."""
        if old.part != part:
            return f"of part {old.part}"
        if old.profile != self.profile.name:
            return f"of the {old.profile} profile"
        if old.seed != self.plan.seed:
            return f"of seed {old.seed}"
        now = self.code.digests(MODULES[part])
        if changed := sorted(name for name in {*now, *old.student} if now.get(name) != old.student.get(name)):
            return f"of another version of {', '.join(changed)}"
        return ""

    def blank(self, part: str) -> Record:
        """Return an empty record for a part that runs now."""
        return Record(
            part=part,
            title=EXPERIMENTS[part].title,
            profile=self.profile.name,
            seed=self.plan.seed,
            environment=environment(self.device),
            student=self.code.digests(MODULES[part]),
        )

    def _begin(self, experiment: Experiment) -> tuple[Record, bool]:
        """Return the record to fill, and whether the part is already complete."""
        folder = self.out / experiment.part
        record = self.blank(experiment.part)
        if folder.is_dir():
            try:
                old = read(folder)
            except RecordError:
                old = None
            if old is not None and self.plan.resume and not self._difference(experiment.part, old):
                if old.state == "complete":
                    return old, True
                record.runs = [run for run in old.runs if self._is_there(folder, run)]
                record.seconds, record.sessions = old.seconds, old.sessions
            else:
                self._set_aside(folder)
            for path in folder.glob("*.part"):  # a run was killed while it wrote this file
                path.unlink()
        record.sessions = [
            *record.sessions[1 - MOST_SESSIONS :],
            PartSession(
                started=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
                seconds=0.0,
                jobs=self.company.jobs,
                threads=torch.get_num_threads(),
                device=describe_device(self.device),
                alone=self.company.alone,
            ),
        ]
        write(record, folder)
        return record, False

    @staticmethod
    def _set_aside(folder: Path) -> None:
        """Keep the old results until the new ones are complete, because they may have taken a night."""
        aside = folder.with_name(f"{folder.name}.replaced")
        if aside.exists():  # an earlier replacement was not completed: keep the oldest results
            shutil.rmtree(folder)
        else:
            folder.rename(aside)

    @staticmethod
    def _is_there(folder: Path, run: Run) -> bool:
        return run.checkpoint is None or (folder / run.checkpoint.file).is_file()

    # ---- running ----

    def lab(self, record: Record, *, dry: bool = False) -> Lab:
        """Return the lab in which a part's experiment runs."""
        lab = Lab(record, self.out / record.part, self.profile, self.code, self.device, self.watch, dry)
        if self.save_every is not None:
            lab.save_every = self.save_every
        return lab

    def run(self, part: str) -> Record:
        """Run one part, or the rest of it. Return its record, whose state says whether the part failed.

        Raises:
            KeyboardInterrupt: the session was interrupted. The record has all finished work.
            OSError: the disk is full. The record has all finished work.
        """
        experiment = EXPERIMENTS[part]
        record, done = self._begin(experiment)
        if done:
            self.kept.add(part)
            return record
        self.watch.part_begins(part, experiment.title, alone=self.company.alone)
        started, lab = time.perf_counter(), self.lab(record)
        finished = sum(sum(run.seconds) for run in record.runs if run.finished)
        try:
            self._guarded(experiment, lab)
        finally:
            _add_time(record, time.perf_counter() - started, trained_before=finished + lab.taken_up)
            write(record, self.out / part)
            aside = self.out / f"{part}.replaced"
            if record.state == "complete" and aside.exists():
                shutil.rmtree(aside)
        return record

    def _guarded(self, experiment: Experiment, lab: Lab) -> None:
        record = lab.record
        try:
            experiment.run(lab)
            record.state = "complete"
        except NotImplementedYet as reason:
            record.state, record.reason = "skipped", str(reason)
        except (DataError, Diverged) as error:
            record.state, record.reason = "failed", str(error)
        except SystemExit:
            record.state, record.reason = "failed", "the student's code ended the program (SystemExit)"
        except torch.OutOfMemoryError:
            record.state = "failed"
            record.reason = (
                f"no memory is left on {record.environment.device}: close other programs, or use --device cpu"
            )
        except Exception as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            record.state = "failed"
            if (found := blame(error, self.code.folder)) is not None:
                record.state = "skipped" if isinstance(found, NotImplementedYet) else "failed"
                record.reason = str(found)
                return
            (lab.folder / FAULT).write_text(traceback.format_exc(), encoding="utf-8")
            text = " ".join(str(error).split())[:200]
            record.reason = (
                f"{type(error).__name__}: {text}. This happened with the values that "
                f"{' and '.join(record.student) or 'training.py'} returned: see {record.part}/{FAULT}, and tell the "
                "course staff if it is not your mistake"
            )

    def estimate(self, part: str) -> tuple[Record, float]:
        """Return the record that :meth:`run` would begin with, and the seconds that the training would take here."""
        experiment = EXPERIMENTS[part]
        record = Record(part, experiment.title, self.profile.name, self.plan.seed, environment(self.device), {})
        lab = self.lab(record, dry=True)
        self._guarded(experiment, lab)
        return record, lab.estimate

    # ---- figures and the report ----

    def records(self) -> dict[str, Record]:
        """Return all records in the folder of results by part, also those of earlier calls."""
        found = {}
        for part in PARTS:
            try:
                found[part] = read(self.out / part)
            except RecordError:
                continue
        return found

    def draw(self) -> Path:
        """Draw the figures of all parts, and write the report. Return its path.

        Raises:
            OSError: a file can't be written.
        """
        records = self.records()
        for part, record in records.items():
            try:
                drawings = EXPERIMENTS[part].drawings(records)
                for name, drawing in drawings.items():
                    save(drawing.figure, self.out / part, name)
                    record.figures[name] = drawing.caption
            except (KeyError, ValueError, IndexError, ZeroDivisionError) as error:  # the part has too little data
                text = f"The figures can't be drawn: {type(error).__name__}: {error}."
                record.notes += [text] if text not in record.notes else []
            write(record, self.out / part)
        return report.write_report(self.out, list(records.values()))


def _add_time(record: Record, seconds: float, *, trained_before: float) -> None:
    """Add the time of the last session. The time of an earlier, killed session is taken from its epochs."""
    *earlier, last = record.sessions
    lost = 0.0
    if earlier and not earlier[-1].seconds:
        lost = max(trained_before - record.seconds, 0.0)
        earlier[-1] = msgspec.structs.replace(earlier[-1], seconds=lost)
    record.sessions = [*earlier, msgspec.structs.replace(last, seconds=seconds)]
    record.seconds += lost + seconds
