"""The record of an experiment, ``<out>/<part>/record.json``. Checkpoints and figures are in the same folder.

A record has everything that its numbers depend on. It is written after each run, whole or not at all, so an
interruption leaves the last one readable. On one machine, equal seeds give equal records, except for times and dates.
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
#: The largest size of a record in bytes. Two runs of 100 epochs have 80,000 losses, which take 2 MB.
MAX_BYTES = 5_000_000

#: The student's modules on which the results of a part depend. 1.1 and 3.2 have none, because students change the same
#: files for later parts: the runs of 1.1 have their rates, and SparseConvNet's weights are loaded into ConvNet.
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

# These limits protect whoever reads a record of unknown origin from enormous values.
Count = Annotated[int, Meta(ge=0, le=10**12)]
MAX_TEXT = 5_000
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Numbers = Annotated[list[float], Meta(max_length=100_000)]

State = Literal["complete", "unfinished", "skipped", "failed"]


class RecordError(Exception):
    """A record can't be read. The text is one sentence."""


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The images that networks were trained and tested on."""

    name: Text
    source: Text
    """The origin of the images: ``fixtures`` or ``complete``."""
    training: Count
    """The number of training images."""
    test: Count
    size: Count
    """The height and width in pixels."""
    training_digest: Text
    """The SHA-256 of images and labels, see course.datasets."""
    test_digest: Text


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of a :class:`course.trainer.Recipe`, as data."""

    epochs: Count
    batch_size: Count
    optimizer: Text
    rate: float
    momentum: float
    weight_decay: float
    schedule: Text
    lapse: Count
    """The number of scheduler steps after each epoch; 1 in the full profile."""
    augment: bool
    precision: Text
    """The precision of the forward pass."""


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claimed accuracy: ``correct`` of ``total`` images were recognised."""

    correct: Count
    total: Count

    @property
    def accuracy(self) -> float:
        """The claimed accuracy, in [0, 1]."""
        return self.correct / self.total


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of trained weights, and accuracies that were measured with the weights in that file."""

    file: Text
    """The file's name in the record's folder."""
    sha256: Text
    architecture: Text
    test: Claim
    """The count on the test images of the record's data."""
    fixtures: Claim
    """The count on the 1,000 test images in ``fixtures/``, which everybody has."""


class Run(msgspec.Struct, forbid_unknown_fields=True):
    """The training of one network."""

    name: Text
    title: Text
    """The run's title in legends."""
    settings: Settings
    losses: Numbers = []
    """The loss of every step."""
    accuracies: Numbers = []
    """The accuracy on the test images after every epoch, in [0, 1]."""
    rates: Numbers = []
    """The learning rate of every epoch."""
    seconds: Numbers = []
    """The seconds of every epoch, its evaluation included."""
    zeros: Annotated[list[Annotated[list[Count], Meta(max_length=100)]], Meta(max_length=1_000)] = []
    """The number of zero weights after every epoch, (epochs, convolutions); empty without pruning."""
    checkpoint: Checkpoint | None = None
    """The checkpoint of a finished run."""
    alone: bool | None = None
    """True if no other part of a session ran at the same time, so that the times are valid. None: unknown."""
    within: Annotated[list[tuple[float, float]], Meta(max_length=100)] = []
    """The test accuracies within the first epoch: (share of its images that were used, accuracy)."""

    @property
    def finished(self) -> bool:
        """Whether the run has its checkpoint."""
        return self.checkpoint is not None

    @property
    def last_loss(self) -> float:
        """The mean of the last epoch's losses. The run has to have an epoch."""
        steps = len(self.losses) // len(self.accuracies)
        return sum(self.losses[-steps:]) / steps


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table for the report and the write-up."""

    title: Text
    columns: Annotated[list[Text], Meta(max_length=100)]
    rows: Annotated[list[list[Text | int | float]], Meta(max_length=10_000)]
    timed: bool = False
    """True if the table has measured times."""


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The device and software that the part ran with."""

    device: Text
    """The device in words: the GPU's name, or the CPU's."""
    python: Text
    torch: Text
    torchvision: Text
    numpy: Text
    platform: Text
    threads: Count


class PartSession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One call of ``run_experiments.py`` that ran a part. A resumed part has several."""

    started: Text
    """The time at which the part began, in UTC, as ``2026-03-01T12:00:00+00:00``."""
    seconds: float
    """Seconds that the part took in this session."""
    jobs: Count
    """The most parts that the session ran at the same time; 0 if the workers of a cluster ran them."""
    threads: Count
    """The number of CPU threads that the part had."""
    device: Text
    """The device in words: the GPU's name, or the CPU's."""
    alone: bool
    """True if no other part of the session ran at the same time."""


class Record(msgspec.Struct, forbid_unknown_fields=True):
    """The results of one part of the problem set."""

    part: Text
    title: Text
    profile: Text
    seed: Annotated[int, Meta(ge=0)]
    environment: Environment
    student: dict[Text, Text]
    """The :func:`code_digest` of each student module that this part uses, by the name of its file."""
    state: State = "unfinished"
    reason: Text = ""
    """One sentence that says why the part was skipped or failed."""
    data: Data | None = None
    stand_ins: Annotated[list[Text], Meta(max_length=100)] = []
    """A sentence for each stand-in: data or weights that replace the handout's, and why."""
    notes: Annotated[list[Text], Meta(max_length=100)] = []
    runs: Annotated[list[Run], Meta(max_length=100)] = []
    tables: list[Table] = []
    values: dict[Text, Numbers] = {}
    """The numbers that figures draw, apart from the runs."""
    figures: dict[Text, Text] = {}
    """The caption of each figure, by the name of its file without the extension."""
    seconds: float = 0.0
    """Seconds that the part took in all sessions together."""
    sessions: Annotated[list[PartSession], Meta(max_length=1_000)] = []
    """The sessions that contributed to the part, in order; empty in an old record."""
    format: Literal[1] = 1

    def run(self, name: str) -> Run | None:
        """Return the run of this name; None if there is none."""
        return next((run for run in self.runs if run.name == name), None)

    def table(self, column: str) -> Table | None:
        """Return the first table with a column of this name; None if there is none."""
        return next((table for table in self.tables if column in table.columns), None)


def clock_seconds(records: Iterable[Record]) -> float:
    """Return the seconds during which at least one part ran. Parts that ran at the same time count once.

    In the sum of ``record.seconds`` each part counts. Time between sessions counts in neither.
    """
    spans: list[tuple[float, float]] = []
    total = 0.0
    for record in records:
        for session in record.sessions:
            try:
                started = datetime.fromisoformat(session.started).timestamp()
            except (ValueError, OverflowError, OSError):  # a record may come from anybody
                total += session.seconds
                continue
            spans.append((started, started + session.seconds))
        # An old record has no sessions.
        total += max(record.seconds - sum(session.seconds for session in record.sessions), 0.0)
    end = float("-inf")
    for first, last in sorted(spans):
        total += max(last - max(first, end), 0.0)
        end = max(end, last)
    return total


def code_digest(path: Path) -> str:
    """Return the SHA-256 of a module's text in hex, whatever its line endings; ``unreadable`` if it can't be read."""
    try:
        data = read_bytes(path.resolve(), MAX_BYTES)
    except UnreadableError:
        return "unreadable"
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def write(record: Record, folder: Path) -> None:
    """Write ``record.json`` in the folder, whole or not at all. Long texts are cut.

    Raises:
        OSError: the file can't be written.
    """
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
    """Read the record in a folder. It may come from anybody.

    Raises:
        RecordError: the folder has no record, or its record is not valid.
    """
    try:
        return msgspec.json.decode(read_bytes(folder / FILE, MAX_BYTES), type=Record)
    except UnreadableError as error:
        raise RecordError(f"{folder.name}/{error}") from None
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError) as error:
        raise RecordError(f"{folder.name}/{FILE} can't be read: {str(error)[:150]}") from error


def comparable(record: Record) -> dict[str, Any]:
    """Return the record as data, without times and sessions, which differ between equal runs."""
    values: dict[str, Any] = msgspec.to_builtins(record)
    values["seconds"], values["sessions"] = 0.0, []
    for run in values["runs"]:
        run["seconds"], run["alone"] = [], None
    values["tables"] = [table for table in values["tables"] if not table["timed"]]
    return values
