"""What an experiment leaves: ``<out>/<part>/record.json``, with checkpoints and figures next to it.

A record says everything that its numbers depend on. It is written as a whole or not at all, after each run, so that
whatever stops a run finds the last one readable. Times and dates apart, equal seeds leave equal records.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from harness.base.untrusted import UnreadableError, read_bytes

__all__ = [
    "FILE",
    "MODULES",
    "PARTS",
    "Checkpoint",
    "Claim",
    "Data",
    "Environment",
    "PartSession",
    "Record",
    "RecordError",
    "Run",
    "Settings",
    "Table",
    "clock_seconds",
    "code_digest",
    "comparable",
    "read",
    "write",
]

FILE = "record.json"
#: Two runs of 100 epochs have 80,000 losses in 2 MB.
MAX_BYTES = 5_000_000

#: The student's modules on which the results of a part depend. None for 1.1 and 3.2, after which people go on writing
#: in the same file: the rates of 1.1 are in its runs, and SparseConvNet's weights are loaded into ConvNet.
MODULES: dict[str, tuple[str, ...]] = {
    "1.1": (),
    "1.2": ("training",),
    "2.1": ("quantization",),
    "2.2": ("quantization",),
    "2.3": ("quantization",),
    "3.1": ("pruning",),
    "3.2": (),
    "3.3": ("pruning",),
    "3.4": ("pruning",),
    "4.1": ("finetuning",),
    "4.2": ("finetuning",),
    "5.1": ("transformer",),
    "6.1": ("depthwise",),
    "6.2": ("depthwise",),
}
#: The parts of the problem set, in its order.
PARTS = tuple(MODULES)

# What a record from elsewhere can hold is bounded here, so that nobody who reads it meets anything enormous.
Count = Annotated[int, Meta(ge=0, le=10**12)]
MAX_TEXT = 5_000
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Numbers = Annotated[list[float], Meta(max_length=100_000)]

State = Literal["complete", "unfinished", "skipped", "failed"]


class RecordError(Exception):
    """A record that can't be read; the text is one sentence."""


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The images that networks were trained and tested on."""

    name: Text
    source: Text
    """The source is ``fixtures`` or ``complete``."""
    training: Count
    """The number of training images."""
    test: Count
    size: Count
    """The height and width in pixels."""
    training_digest: Text
    """The SHA-256 of images and labels, see course.datasets."""
    test_digest: Text


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recipe, as data."""

    epochs: Count
    batch_size: Count
    optimizer: Text
    rate: float
    momentum: float
    weight_decay: float
    schedule: Text
    lapse: Count
    """The scheduler takes so many of its epochs in each epoch."""
    augment: bool
    precision: Text
    """The precision of the forward pass."""


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many images of so many were recognised."""

    correct: Count
    total: Count

    @property
    def accuracy(self) -> float:
        return self.correct / self.total


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Trained weights in a file, and what was measured with the weights as they are in that file."""

    file: Text
    """The file's name in the record's folder."""
    sha256: Text
    architecture: Text
    test: Claim
    """The count on the test images of the record's data."""
    fixtures: Claim
    """The count on the 1,000 test images in fixtures/, which everybody has."""


class Run(msgspec.Struct, forbid_unknown_fields=True):
    """One network in training."""

    name: Text
    title: Text
    """The run's title in legends."""
    settings: Settings
    losses: Numbers = []
    """The loss of every step."""
    accuracies: Numbers = []
    """The accuracy on the test images after every epoch."""
    rates: Numbers = []
    """The learning rate of every epoch."""
    seconds: Numbers = []
    """The time of every epoch, with its evaluation."""
    zeros: Annotated[list[Annotated[list[Count], Meta(max_length=100)]], Meta(max_length=1_000)] = []
    """The number of weights that are 0 in each convolution, after every epoch; empty where nothing is pruned."""
    checkpoint: Checkpoint | None = None
    """The file of weights, once the run is finished."""
    alone: bool | None = None
    """Nothing else of its sessions ran beside it, so that its times count; None in a record that doesn't say."""
    within: Annotated[list[tuple[float, float]], Meta(max_length=100)] = []
    """Accuracies on the test images within the first epoch: (share of its images that were seen, accuracy)."""

    @property
    def finished(self) -> bool:
        return self.checkpoint is not None

    @property
    def last_loss(self) -> float:
        """The mean of the last epoch's losses; of a run of at least one epoch."""
        steps = len(self.losses) // len(self.accuracies)
        return sum(self.losses[-steps:]) / steps


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the write-up."""

    title: Text
    columns: Annotated[list[Text], Meta(max_length=100)]
    rows: Annotated[list[list[Text | int | float]], Meta(max_length=10_000)]
    timed: bool = False
    """The table has measured times in it."""


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where it was measured."""

    device: Text
    """The device in words: the GPU's name, or the CPU's."""
    python: Text
    torch: Text
    torchvision: Text
    numpy: Text
    platform: Text
    threads: Count


class PartSession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one call of ``run_experiments.py`` did for a part. A part that was resumed has several."""

    started: Text
    """The time at which the part began, in UTC, as ``2026-03-01T12:00:00+00:00``."""
    seconds: float
    """Seconds that the part took in this session, by the clock."""
    jobs: Count
    """The number of parts that the session ran at the same time at most; 0 if the workers of a cluster ran them."""
    threads: Count
    """The number of CPU threads that the part had."""
    device: Text
    """The device in words: the GPU's name, or the CPU's."""
    alone: bool
    """No other part of the session ran at the same time."""


class Record(msgspec.Struct, forbid_unknown_fields=True):
    """One part of the problem set, as it was run."""

    part: Text
    title: Text
    profile: Text
    seed: Annotated[int, Meta(ge=0)]
    environment: Environment
    student: dict[Text, Text]
    """The :func:`code_digest` of each student module that this part uses, by the module's name."""
    state: State = "unfinished"
    reason: Text = ""
    """The reason why it was skipped or failed, one sentence."""
    data: Data | None = None
    stand_ins: Annotated[list[Text], Meta(max_length=100)] = []
    """One sentence for each stand-in: what it replaces of the handout, and why."""
    notes: Annotated[list[Text], Meta(max_length=100)] = []
    runs: Annotated[list[Run], Meta(max_length=100)] = []
    tables: list[Table] = []
    values: dict[Text, Numbers] = {}
    """The numbers that figures draw, apart from the runs."""
    figures: dict[Text, Text] = {}
    """The caption of each figure, by the file's name without its ending."""
    seconds: float = 0.0
    """Seconds that the whole part took, all of its sessions together."""
    sessions: Annotated[list[PartSession], Meta(max_length=1_000)] = []
    """The sessions that contributed to it, in order; empty in an old record."""
    format: Literal[1] = 1

    def run(self, name: str) -> Run | None:
        """The run of this name."""
        return next((run for run in self.runs if run.name == name), None)

    def table(self, column: str) -> Table | None:
        """The first table that has a column of this name."""
        return next((table for table in self.tables if column in table.columns), None)


def clock_seconds(records: Iterable[Record]) -> float:
    """Seconds by the clock in which at least one part ran: what ran at the same time counts once.

    The sum of ``record.seconds`` counts it once a part. Time between sessions counts in neither.
    """
    spans: list[tuple[float, float]] = []
    total = 0.0
    for record in records:
        for session in record.sessions:
            try:
                started = datetime.fromisoformat(session.started).timestamp()
            except (ValueError, OverflowError, OSError):  # a record may come from anywhere
                total += session.seconds
                continue
            spans.append((started, started + session.seconds))
        total += max(record.seconds - sum(session.seconds for session in record.sessions), 0.0)  # of an old record
    end = float("-inf")
    for first, last in sorted(spans):
        total += max(last - max(first, end), 0.0)
        end = max(end, last)
    return total


def code_digest(path: Path) -> str:
    """SHA-256 of a module's text, as hex; line endings, which change on the way to other systems, don't count."""
    try:
        data = read_bytes(path.resolve(), MAX_BYTES)
    except UnreadableError:
        return "unreadable"
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def write(record: Record, folder: Path) -> None:
    """Write ``record.json`` in the folder, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    record.reason = record.reason[:MAX_TEXT]
    record.notes, record.stand_ins = ([text[:MAX_TEXT] for text in texts] for texts in (record.notes, record.stand_ins))
    unfinished = folder / f"{FILE}.{os.getpid()}.part"
    try:
        unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1))
        unfinished.replace(folder / FILE)
    finally:
        unfinished.unlink(missing_ok=True)


def read(folder: Path) -> Record:
    """The record of a folder, of any origin.

    Raises:
        RecordError: there is none, or it is none.
    """
    try:
        return msgspec.json.decode(read_bytes(folder / FILE, MAX_BYTES), type=Record)
    except UnreadableError as error:
        raise RecordError(f"{folder.name}/{error}") from None
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError) as error:
        raise RecordError(f"{folder.name}/{FILE} can't be read: {str(error)[:150]}") from error


def comparable(record: Record) -> dict[str, Any]:
    """The record without what differs between equal runs: times, and what ran beside them."""
    values: dict[str, Any] = msgspec.to_builtins(record)
    values["seconds"], values["sessions"] = 0.0, []
    for run in values["runs"]:
        run["seconds"], run["alone"] = [], None
    values["tables"] = [table for table in values["tables"] if not table["timed"]]
    return values
