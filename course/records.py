"""What an experiment leaves: ``<out>/<part>/record.json``, with checkpoints and figures next to it.

A record says everything that its numbers depend on. It is written as a whole or not at all, after each run, so that
whatever stops a run finds the last one readable. Times and dates apart, equal seeds leave equal records.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Literal

import msgspec

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
#: Nothing that is read is larger: two runs of 100 epochs have 80,000 losses in 1.5 MB.
MAX_BYTES = 20_000_000

#: The student's modules on which the results of a part depend. None for 1.1: BEST_LEARNING_RATE is written into
#: training.py after it, and the rates that it compares are in its runs.
MODULES: dict[str, tuple[str, ...]] = {
    "1.1": (),
    "1.2": ("training",),
    "2.1": ("quantization",),
    "2.2": ("quantization",),
    "2.3": ("quantization",),
    "3.1": ("pruning",),
    "3.2": ("pruning",),
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

State = Literal["complete", "unfinished", "skipped", "failed"]


class RecordError(Exception):
    """A record that can't be read; the text is one sentence."""


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The images that networks were trained and tested on."""

    name: str
    source: str
    """``fixtures`` or ``complete``"""
    training: int
    """number of images"""
    test: int
    size: int
    """height and width in pixels"""
    training_digest: str
    """SHA-256 of images and labels, see course.datasets"""
    test_digest: str


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recipe, as data."""

    epochs: int
    batch_size: int
    optimizer: str
    rate: float
    momentum: float
    weight_decay: float
    schedule: str
    lapse: int
    """scheduler's epochs that pass in each epoch"""
    augment: bool
    precision: str
    """of the forward pass"""


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many images of so many were recognised."""

    correct: int
    total: int

    @property
    def accuracy(self) -> float:
        return self.correct / self.total


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Trained weights in a file, and what was measured with the weights as they are in that file."""

    file: str
    """its name, in the record's folder"""
    sha256: str
    architecture: str
    test: Claim
    """on the test images of the record's data"""
    fixtures: Claim
    """on the 1,000 test images in fixtures/, which everybody has"""


class Run(msgspec.Struct, forbid_unknown_fields=True):
    """One network in training."""

    name: str
    title: str
    """for legends"""
    settings: Settings
    losses: list[float] = []
    """of every step"""
    accuracies: list[float] = []
    """on the test images, after every epoch"""
    rates: list[float] = []
    """learning rate of every epoch"""
    seconds: list[float] = []
    """of every epoch, with its evaluation"""
    zeros: list[list[int]] = []
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

    title: str
    columns: list[str]
    rows: list[list[str | int | float]]
    timed: bool = False
    """whether there are measured times in it"""


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where it was measured."""

    device: str
    """in words: the GPU's name, or the CPU's"""
    python: str
    torch: str
    torchvision: str
    numpy: str
    platform: str
    threads: int


class Record(msgspec.Struct, forbid_unknown_fields=True):
    """One part of the problem set, as it was run."""

    part: str
    title: str
    profile: str
    seed: int
    environment: Environment
    student: dict[str, str]
    """:func:`code_digest` of each of the student's modules that this part uses"""
    state: State = "unfinished"
    reason: str = ""
    """why it was skipped or failed, one sentence"""
    data: Data | None = None
    stand_ins: list[str] = []
    """what was used in place of what the handout asks for, and why; one sentence each"""
    notes: list[str] = []
    runs: list[Run] = []
    tables: list[Table] = []
    values: dict[str, list[float]] = {}
    """what figures draw, apart from the runs"""
    figures: dict[str, str] = {}
    """file name without its ending → caption"""
    seconds: float = 0.0
    """of all of it"""
    format: Literal[1] = 1

    def run(self, name: str) -> Run | None:
        """The run of this name."""
        return next((run for run in self.runs if run.name == name), None)


def code_digest(path: Path) -> str:
    """SHA-256 of a module's text, as hex; line endings, which change on the way to other systems, don't count."""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def write(record: Record, folder: Path) -> None:
    """Write ``record.json`` in the folder, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
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
    path = folder / FILE
    where = f"{folder.name}/{FILE}"
    if path.is_symlink() or not path.is_file():
        raise RecordError(f"{where} is missing, or no plain file")
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise RecordError(f"{where} has {size:,} bytes, more than the {MAX_BYTES:,} that any record needs")
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except (msgspec.MsgspecError, OSError, UnicodeError, RecursionError) as error:
        raise RecordError(f"{where} can't be read: {str(error)[:150]}") from error


def comparable(record: Record) -> dict[str, Any]:
    """The record without what differs between equal runs: times."""
    values: dict[str, Any] = msgspec.to_builtins(record)
    values["seconds"] = 0.0
    for run in values["runs"]:
        run["seconds"] = []
    values["tables"] = [table for table in values["tables"] if not table["timed"]]
    return values
