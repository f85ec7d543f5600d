"""Run parts one after another, so that whatever stops one of them leaves everything that was done."""

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
"""The file in the part's folder that has the traceback of an exception outside of the student's code."""
#: A record that everybody can read has no more.
MOST_SESSIONS = 1_000


class ConflictError(Exception):
    """What is in the folder of results would be lost; the text says what to do."""


def parts_of(names: Sequence[str]) -> list[str]:
    """The parts that are meant by names like ``3`` or ``3.3``, in the handout's order; all without a name.

    Raises:
        ValueError: an unknown one.
    """
    for name in names:
        if not any(part == name or part.startswith(f"{name}.") for part in PARTS):
            raise ValueError(f"there is no part {name}: choose from {', '.join(PARTS)}, or 1 to 6 for all of one")
    return [part for part in PARTS if not names or any(part == n or part.startswith(f"{n}.") for n in names)]


@dataclass(frozen=True)
class Plan:
    """What is to be run; it can be sent to another process."""

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
    """What may run beside a part."""

    jobs: int
    """The number of parts that the session runs at the same time at most; 0 if a cluster's workers run them."""
    alone: bool
    """No other part of the session runs beside this one."""


ALONE = Company(jobs=1, alone=True)


class Session:
    """One call of ``run_experiments.py``, or the share of it that a process has.

    Args:
        watch: is told how far the parts are.
        save_every: seconds between two savings of a run's state; the usual number without it.
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
        """The parts that were finished before."""

    # ---- what is there already ----

    def check(self) -> None:
        """Refuse to lose anything.

        Raises:
            ConflictError: results of other runs are where these should go.
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
            if old.state != "complete" and not any(run.accuracies for run in old.runs):  # nothing in there to lose
                continue
            where = f"{self.out / part} holds results"
            if old.profile == "full" and self.profile.name != "full":
                raise ConflictError(
                    f"{where} of the full profile, which {self.profile.name} ones never replace: name another folder "
                    "with --out"
                )
            if old.profile != "full" and self.profile.name == "full":  # they earn nothing, and are soon made again
                continue
            difference = self._difference(part, old)
            if difference and not self.plan.replace:
                raise ConflictError(f"{where} {difference}: --replace replaces them, --out names another folder")
            if not difference and not self.plan.resume and not self.plan.replace:
                raise ConflictError(
                    f"{where} of the same kind: --resume keeps them and goes on, --replace replaces them, --out "
                    "names another folder"
                )

    def _difference(self, part: str, old: Record) -> str:
        """In what a record differs from those that are made now, in words."""
        if old.part != part:
            return f"of part {old.part}"
        if old.profile != self.profile.name:
            return f"of the {old.profile} profile"
        if old.seed != self.plan.seed:
            return f"of seed {old.seed}"
        now = self.code.digests(MODULES[part])
        if changed := sorted(name for name in {*now, *old.student} if now.get(name) != old.student.get(name)):
            return f"of another {', '.join(changed)}"
        return ""

    def blank(self, part: str) -> Record:
        """The record of a part that is to be run now."""
        return Record(
            part=part,
            title=EXPERIMENTS[part].title,
            profile=self.profile.name,
            seed=self.plan.seed,
            environment=environment(self.device),
            student=self.code.digests(MODULES[part]),
        )

    def _begin(self, experiment: Experiment) -> tuple[Record, bool]:
        """The record to fill, and whether there is nothing left to do."""
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
            for path in folder.glob("*.part"):  # of a run that was killed while it wrote
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
        """Keep what is to be replaced until its successor is complete: it may have taken a night."""
        aside = folder.with_name(f"{folder.name}.replaced")
        if aside.exists():  # of a successor that was not completed either; the first one stays
            shutil.rmtree(folder)
        else:
            folder.rename(aside)

    @staticmethod
    def _is_there(folder: Path, run: Run) -> bool:
        return run.checkpoint is None or (folder / run.checkpoint.file).is_file()

    # ---- running ----

    def lab(self, record: Record, *, dry: bool = False) -> Lab:
        lab = Lab(record, self.out / record.part, self.profile, self.code, self.device, self.watch, dry)
        if self.save_every is not None:
            lab.save_every = self.save_every
        return lab

    def run(self, part: str) -> Record:
        """Run one part, or what is left of it.

        Raises:
            KeyboardInterrupt, OSError: it was stopped, or the disk is full; the record has what was done.
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
                f"no memory is left on {record.environment.device}: close what else uses it, or --device cpu"
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
                f"{type(error).__name__}: {text}. It came up with what {' and '.join(record.student) or 'training.py'} "
                f"returned: see {record.part}/{FAULT}, and tell the course staff if it is not your mistake"
            )

    def estimate(self, part: str) -> tuple[Record, float]:
        """What :meth:`run` would meet, and the seconds that its training would take here; nothing is written."""
        experiment = EXPERIMENTS[part]
        record = Record(part, experiment.title, self.profile.name, self.plan.seed, environment(self.device), {})
        lab = self.lab(record, dry=True)
        self._guarded(experiment, lab)
        return record, lab.estimate

    # ---- figures and the report ----

    def records(self) -> dict[str, Record]:
        """All records that the folder of results holds, those of earlier calls too."""
        found = {}
        for part in PARTS:
            try:
                found[part] = read(self.out / part)
            except RecordError:
                continue
        return found

    def draw(self) -> Path:
        """Draw the figures of all parts and write the report; its path."""
        records = self.records()
        for part, record in records.items():
            try:
                drawings = EXPERIMENTS[part].drawings(records)
                for name, drawing in drawings.items():
                    save(drawing.figure, self.out / part, name)
                    record.figures[name] = drawing.caption
            except (KeyError, ValueError, IndexError, ZeroDivisionError) as error:  # a part that hardly began
                text = f"Its figures can't be drawn: {type(error).__name__}: {error}."
                record.notes += [text] if text not in record.notes else []
            write(record, self.out / part)
        return report.write_report(self.out, list(records.values()))


def _add_time(record: Record, seconds: float, *, trained_before: float) -> None:
    """Add what the last session took. A session that was killed could not write its own time: its epochs tell it."""
    *earlier, last = record.sessions
    lost = 0.0
    if earlier and not earlier[-1].seconds:
        lost = max(trained_before - record.seconds, 0.0)
        earlier[-1] = msgspec.structs.replace(earlier[-1], seconds=lost)
    record.sessions = [*earlier, msgspec.structs.replace(last, seconds=seconds)]
    record.seconds += lost + seconds
