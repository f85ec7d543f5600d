"""What an experiment works with: data, the student's code, and training runs that can stop and continue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from matplotlib.figure import Figure
from safetensors import SafetensorError, safe_open
from torch import nn

from course import checkpoints, plotting
from course.checkpoints import Architecture, CheckpointError
from course.datasets import SIZES, ImageDataset, Name, check_data_dir, data_dir, load
from course.experiments.profiles import Profile, mark_of
from course.experiments.student_code import StudentCode, StudentCodeError
from course.experiments.watch import NOBODY, Watch
from course.layout import order_weights
from course.records import Checkpoint, Claim, Data, Record, Run, Settings, Table, write
from course.timing import epoch_time, faster_precision, has_bfloat16
from course.trainer import Diverged, Evaluation, History, Precision, Recipe, Training, agree, evaluate

__all__ = ["Lab", "Network", "Pruning"]

#: Seconds between two saved states of a run. A killed run loses at most this time and one epoch.
SAVE_EVERY = 2.0

#: The precision that was measured to be faster, by network, batch size and number of threads.
_FASTER: dict[tuple[str, int, int], Precision] = {}


@dataclass(frozen=True)
class Network:
    """A network to train, and the architecture that its checkpoint has."""

    name: str
    """The name of the run and of its files."""
    title: str
    """The run's title in legends."""
    make: Callable[[], nn.Module]
    """Makes the network. It is called after the random numbers have been seeded."""
    architecture: Architecture


@dataclass(frozen=True)
class Pruning:
    """The pruning steps of a run. Its zeros are counted, so its weights are kept as float32."""

    prune: Callable[[nn.Module], object]
    after: Sequence[int]
    """The epochs after which the network is pruned, before its evaluation."""


@dataclass
class Lab:
    """A part that is being run. Its results go into ``record``."""

    record: Record
    folder: Path
    """The folder of this part."""
    profile: Profile
    code: StudentCode
    device: torch.device
    watch: Watch = NOBODY
    dry: bool = False
    """True estimates from a few steps how long training would take, and does not train."""
    save_every: float = SAVE_EVERY
    estimate: float = 0.0
    """Seconds that the training would take, estimated by a dry run."""
    taken_up: float = 0.0
    """Seconds that earlier sessions trained the runs that this session continues."""
    _counts: tuple[int, int] = (0, 0)
    _exact: set[str] = field(default_factory=set)
    """The names of runs that use float32 on every device."""

    @property
    def _alone(self) -> bool | None:
        """Whether no other part of this session runs at the same time; None in a dry run."""
        return self.record.sessions[-1].alone if self.record.sessions else None

    # ---- data ----

    def images(self, name: Name, *, halved: bool = False) -> tuple[ImageDataset, ImageDataset]:
        """Return the profile's training and test images on the device, and describe them in the record.

        Args:
            halved: reduce the images to half their height and width.

        Raises:
            DataError: the data can't be downloaded or read.
        """
        source = self.profile.source
        if source == "complete":
            check_data_dir()
        if self.dry and source == "complete" and not (data_dir() / f"{name}.npz").is_file():
            self.note(f"{name} is not in {data_dir()} yet: it will be downloaded first.")
            training, test = (load("mnist" if name == "mnist" else "cifar10", split) for split in ("train", "test"))
        else:
            training, test = load(name, "train", source), load(name, "test", source)
        sizes = SIZES[name] if source == "complete" else (len(training), len(test))
        wanted = (self.profile.training or sizes[0], self.profile.test or sizes[1])
        self._counts = (min(wanted[0], sizes[0]), min(wanted[1], sizes[1]))
        if self.profile.training is not None:
            training = training.take(self.profile.training)
        if self.profile.test is not None:
            test = test.take(self.profile.test)
        if halved:
            training, test = training.halved(), test.halved()
        self.record.data = Data(
            name=name,
            source=source,
            training=len(training),
            test=len(test),
            size=training.images.shape[-1],
            training_digest=training.digest,
            test_digest=test.digest,
        )
        return training.to(self.device), test.to(self.device)

    def cifar10(self) -> tuple[ImageDataset, ImageDataset]:
        """Return the training and test images of CIFAR-10 for parts 1, 3 and 6."""
        return self.images("cifar10", halved=self.profile.halved)

    # ---- results ----

    def table(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str | int | float]], *, timed: bool = False
    ) -> None:
        """Add a table to the record.

        Args:
            timed: the table has measured times, which differ between equal runs.
        """
        plain = [[cell.item() if isinstance(cell, np.generic) else cell for cell in row] for row in rows]
        self.record.tables.append(Table(title, list(columns), plain, timed))

    def note(self, text: str) -> None:
        """Add a sentence to the record's notes."""
        self.record.notes.append(text)

    def stand_in(self, text: str) -> None:
        """Add a sentence to the record about data or weights that replace the handout's."""
        self.record.stand_ins.append(text)

    def figure(self, name: str, figure: Figure, caption: str) -> None:
        """Save a figure of data that the record doesn't hold. Figures of runs are drawn from the record later."""
        if self.dry:
            return
        plotting.mark(figure, mark_of(self.record))
        plotting.save(figure, self.folder, name)
        self.record.figures[name] = caption

    def values(self, groups: Mapping[str, Sequence[float]]) -> None:
        """Keep numbers that figures draw, by group."""
        self.record.values.update({name: [float(value) for value in group] for name, group in groups.items()})

    # ---- training ----

    def recipe(self, *, epochs: int, make_scheduler: Callable[..., Any], schedule: str, **other: Any) -> Recipe:
        """Return part 1's recipe in this profile: SGD with momentum 0.9 and weight decay 5e-4, crops and flips."""
        sgd: dict[str, Any] = {"momentum": 0.9, "weight_decay": 5e-4}
        if other.get("optimizer") == "adam":
            sgd = {}
        long = epochs == self.profile.long
        return Recipe(
            epochs=epochs,
            batch_size=self.profile.batch_size,
            make_scheduler=make_scheduler,
            schedule=schedule,
            augment=True,
            seed=self.record.seed,
            lapse=self.profile.lapse if long else 1,
            **{**sgd, **other},
        )

    def train(
        self,
        network: Network,
        recipe: Recipe,
        data: tuple[ImageDataset, ImageDataset],
        *,
        pruning: Pruning | None = None,
        exact: bool = False,
    ) -> Run:
        """Train a network, evaluate it and write its checkpoint. A finished run is kept, and a stopped one continues.

        Args:
            pruning: the pruning steps. With them, the zeros of each convolution are counted after every epoch.
            exact: use float32 on every device, and the memory order that a student's loop over channels expects.

        Raises:
            Diverged: a loss is not finite.
            StudentCodeError: the trained network can't be kept as a checkpoint.
        """
        if exact:
            self._exact.add(network.name)
        known = self.record.run(network.name)
        if known is not None and known.finished:
            return known

        def begin(precision: Precision) -> Training:
            torch.manual_seed(self.record.seed)
            model = network.make().to(self.device)

            def before_evaluation(epoch: int) -> bool:
                assert pruning is not None
                times = list(pruning.after).count(epoch)
                for _ in range(times):
                    pruning.prune(model)
                return times > 0

            if not exact and pruning is None:  # a student's mask.view(-1) needs contiguous weights
                order_weights(model)
            layout = torch.contiguous_format if exact else torch.channels_last
            return Training(
                model,
                replace(data[0], layout=layout),
                replace(data[1], layout=layout),
                recipe,
                before_evaluation=before_evaluation if pruning is not None else None,
                precision=precision,
            )

        precision = "float32" if exact else self._precision(network.architecture, begin)
        run = Run(network.name, network.title, _settings(recipe, precision), alone=self._alone)
        if self.dry:
            found = epoch_time(begin(precision), *self._counts)
            self.estimate += recipe.epochs * found.seconds + len(recipe.within) * found.evaluation
            return run
        if known is not None:
            self.record.runs.remove(known)
        self.record.runs.append(run)
        training = begin(precision)
        if not self._take_up(training, run):
            training = begin(precision)
        measured = _Kept(self, run, training, network.architecture, half=pruning is None)
        self._epochs(training, run, measured.evaluate, sparse=pruning is not None)
        run.checkpoint = measured.checkpoint()
        write(self.record, self.folder)
        self._state_file(network.name).unlink(missing_ok=True)
        self.watch.run_ends(run)
        return run

    def _precision(self, architecture: Architecture, begin: Callable[[Precision], Training]) -> Precision:
        """Return the precision of a run: bfloat16 on GPUs, and on CPUs that compute it faster than float32.

        All runs of a record use the precision of the first, so that they can be compared and continued. The record of a
        killed session lacks the run that was killed, so its saved state counts too.
        """
        if self.device.type == "cuda":
            return "bfloat16"
        if not has_bfloat16():
            return "float32"
        for run in (*self.record.runs, *self._saved_runs()):
            if run.name not in self._exact:
                return "bfloat16" if run.settings.precision == "bfloat16" else "float32"
        key = architecture, self.profile.batch_size, torch.get_num_threads()
        if key not in _FASTER:
            _FASTER[key] = faster_precision(begin)
        return _FASTER[key]

    def _epochs(self, training: Training, run: Run, last: Callable[[], Evaluation], *, sparse: bool) -> None:
        """Train to the end. Whatever stops the training, the record has all finished epochs."""
        self.watch.run_begins(run, len(training.training))
        saved = time.perf_counter()
        try:
            while not training.finished:
                measure = last if training.epochs_done + 1 == training.recipe.epochs else None
                training.epoch(lambda seen, loss: self.watch.step(run, seen, loss), measure)
                _copy_history(training.history, run)
                if sparse:
                    run.zeros.append(checkpoints.zeros(training.model))
                self.watch.epoch_ends(run)
                if time.perf_counter() - saved >= self.save_every:
                    self._save_state(training, run)
                    saved = time.perf_counter()
        except Diverged as error:
            raise Diverged(f"{run.title}: {error}") from None
        finally:
            write(self.record, self.folder)

    # ---- the state that --resume continues from ----

    def _state_file(self, name: str) -> Path:
        return self.folder / f"{name}.state"

    def _saved_runs(self) -> Iterator[Run]:
        """The runs with a saved state that can be read."""
        for path in sorted(self.folder.glob("*.state")):
            with suppress(*UNREADABLE), safe_open(path, framework="pt") as file:
                yield _run_of(file)

    def _save_state(self, training: Training, run: Run) -> None:
        path = self._state_file(run.name)
        checkpoints.write_tensors(training.state(), path, {"run": msgspec.json.encode(run).decode()})

    def _take_up(self, training: Training, run: Run) -> bool:
        """Continue where the run stopped, if it did. False: that failed, and the network has to be made again."""
        path = self._state_file(run.name)
        if not path.is_file():
            return True
        try:
            with safe_open(path, framework="pt") as file:
                kept = _run_of(file)
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (the file can't be iterated)
            if kept.settings != run.settings:
                raise ValueError("it has other settings")
            training.take_up(tensors, History(kept.losses, kept.accuracies, kept.rates, kept.seconds, kept.within))
        except UNREADABLE as error:
            self.note(
                f"{run.title} started again at its first epoch: its saved state is not valid ({str(error)[:100]})."
            )
            path.unlink(missing_ok=True)
            return False
        _copy_history(training.history, run)
        self.taken_up += sum(kept.seconds)
        run.zeros = kept.zeros
        run.alone = kept.alone and run.alone
        return True


UNREADABLE = (SafetensorError, msgspec.MsgspecError, OSError, ValueError, KeyError, RuntimeError, TypeError)
"""The exceptions that reading a damaged state may raise."""


def _run_of(state: Any) -> Run:
    """The run whose state an open file holds."""
    run: Run = msgspec.json.decode(state.metadata()["run"], type=Run)
    return run


def _copy_history(history: History, run: Run) -> None:
    run.losses, run.accuracies = list(history.losses), list(history.accuracies)
    run.rates, run.seconds = list(history.rates), list(history.seconds)
    run.within = list(history.within)


def _settings(recipe: Recipe, precision: Precision) -> Settings:
    return Settings(
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        optimizer=recipe.optimizer,
        rate=recipe.rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        schedule=recipe.schedule,
        lapse=recipe.lapse,
        augment=recipe.augment,
        precision=precision,
    )


@dataclass
class _Kept:
    """The checkpoint of a run, and the accuracies of the network that is loaded from it."""

    lab: Lab
    run: Run
    training: Training
    architecture: Architecture
    half: bool
    """True if kernels and matrices are kept as float16."""
    _network: nn.Module | None = None
    _tested: Evaluation | None = None

    @property
    def path(self) -> Path:
        return self.lab.folder / f"{self.run.name}.safetensors"

    def network(self) -> nn.Module:
        """Return the course's network with the weights of the checkpoint, which is written first.

        Raises:
            StudentCodeError: the trained network can't be kept.
        """
        if self._network is None:
            try:
                state = checkpoints.export(self.training.model, self.architecture)
            except CheckpointError as error:
                raise StudentCodeError(
                    f"the network of {self.run.name!r} can't be kept as {self.architecture}: {error}"
                ) from None
            record = self.lab.record
            about = f"part {record.part}, {record.profile} profile, seed {record.seed}"
            checkpoints.save(state, self.path, half=self.half, about=about)
            self._network = checkpoints.load(self.path, self.architecture).to(self.lab.device)
        return self._network

    def evaluate(self) -> Evaluation:
        """Evaluate the checkpoint's network after the last epoch, or the trained one if they disagree."""
        try:
            network = self.network()
        except (StudentCodeError, OSError):  # checkpoint() raises it again, after the epoch is in the record
            return self.training.evaluate()
        test = self.training.test
        self._tested = evaluate(network, test)
        return self._tested if agree(network, self.training.model, test) else self.training.evaluate()

    def checkpoint(self) -> Checkpoint:
        network, test = self.network(), self.training.test
        tested = self._tested or evaluate(network, test)
        witnesses = load("cifar10", "test")
        if test.images.shape[-1] != witnesses.images.shape[-1]:
            witnesses = witnesses.halved()
        # Every evaluation normalises with the mean and deviation of the training data's data set.
        witnesses = replace(witnesses, mean=test.mean, std=test.std, layout=test.layout).to(self.lab.device)
        # In the quick profile, these images are the test images.
        witnessed = tested if test.digest == witnesses.digest else evaluate(network, witnesses)
        return Checkpoint(
            file=self.path.name,
            sha256=checkpoints.digest(self.path),
            architecture=self.architecture,
            test=Claim(tested.correct, tested.total),
            fixtures=Claim(witnessed.correct, witnessed.total),
        )
