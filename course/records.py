"""What an experiment leaves: ``<out>/<part>/record.json``, with checkpoints and figures next to it.

A record says everything that its numbers depend on. It is written as a whole or not at all, after each run, so that
whatever stops a run finds the last one readable. Times and dates apart, equal seeds leave equal records.
"""

from __future__ import annotations

import hashlib
import os
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
    "Record",
    "RecordError",
    "Run",
    "Settings",
    "Table",
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
    """``fixtures`` or ``complete``"""
    training: Count
    """number of images"""
    test: Count
    size: Count
    """height and width in pixels"""
    training_digest: Text
    """SHA-256 of images and labels, see course.datasets"""
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
    """scheduler's epochs that pass in each epoch"""
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
    """its name, in the record's folder"""
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
    """learning rate of every epoch"""
    seconds: Numbers = []
    """The time of every epoch, with its evaluation."""
    zeros: Annotated[list[Annotated[list[Count], Meta(max_length=100)]], Meta(max_length=1_000)] = []
    """weights that are 0, for each convolution, after every epoch; where something is pruned"""
    checkpoint: Checkpoint | None = None
    """once the run is finished"""

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


class Record(msgspec.Struct, forbid_unknown_fields=True):
    """One part of the problem set, as it was run."""

    part: Text
    title: Text
    profile: Text
    seed: Annotated[int, Meta(ge=0)]
    environment: Environment
    student: dict[Text, Text]
    """:func:`code_digest` of each of the student's modules that this part uses"""
    state: State = "unfinished"
    reason: Text = ""
    """why it was skipped or failed, one sentence"""
    data: Data | None = None
    stand_ins: Annotated[list[Text], Meta(max_length=100)] = []
    """One sentence for each stand-in: what it replaces of the handout, and why."""
    notes: Annotated[list[Text], Meta(max_length=100)] = []
    runs: Annotated[list[Run], Meta(max_length=100)] = []
    tables: list[Table] = []
    values: dict[Text, Numbers] = {}
    """The numbers that figures draw, apart from the runs."""
    figures: dict[Text, Text] = {}
    """file name without its ending → caption"""
    seconds: float = 0.0
    """The time of the whole part."""
    format: Literal[1] = 1

    def run(self, name: str) -> Run | None:
        """The run of this name."""
        return next((run for run in self.runs if run.name == name), None)


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
    """The record without what differs between equal runs: times."""
    values: dict[str, Any] = msgspec.to_builtins(record)
    values["seconds"] = 0.0
    for run in values["runs"]:
        run["seconds"] = []
    values["tables"] = [table for table in values["tables"] if not table["timed"]]
    return values
