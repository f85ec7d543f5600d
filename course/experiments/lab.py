"""What an experiment works with: data, the student's code, and training runs that are kept and taken up again."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from matplotlib.figure import Figure
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from course import checkpoints, plotting
from course.checkpoints import Architecture, CheckpointError
from course.datasets import SIZES, ImageDataset, Name, check_data_dir, data_dir, load
from course.experiments.profiles import Profile, mark_of
from course.experiments.student_code import StudentCode, StudentCodeError
from course.experiments.watch import NOBODY, Watch
from course.records import Checkpoint, Claim, Data, Record, Run, Settings, Table, write
from course.trainer import Diverged, History, Precision, Recipe, Training, evaluate

__all__ = ["Lab"]

#: Between two savings of a run's state, in seconds: what a killed run loses at most, and an epoch.
SAVE_EVERY = 2.0


@dataclass
class Lab:
    """One part, while it is run. What it finds goes into ``record``."""

    record: Record
    folder: Path
    """The folder of this part."""
    profile: Profile
    code: StudentCode
    device: torch.device
    watch: Watch = NOBODY
    dry: bool = False
    """Estimate how long training would take, from a few steps, instead of training."""
    save_every: float = SAVE_EVERY
    estimate: float = 0.0
    """Seconds of the training that a dry run has left out."""
    _counts: tuple[int, int] = (0, 0)

    @property
    def precision(self) -> Precision:
        """bfloat16 on GPUs; on CPUs it is many times slower than float32."""
        return "bfloat16" if self.device.type == "cuda" else "float32"

    @property
    def _alone(self) -> bool | None:
        """Whether nothing else of this session runs beside this part; None in a dry run."""
        return self.record.sessions[-1].alone if self.record.sessions else None

    # ---- data ----

    def images(self, name: Name, *, halved: bool = False) -> tuple[ImageDataset, ImageDataset]:
        """Training and test images of the profile on the device; noted in the record."""
        source = self.profile.source
        if source == "complete":
            check_data_dir()
        if self.dry and source == "complete" and not (data_dir() / f"{name}.npz").is_file():
            self.note(f"{name} is not in {data_dir()} yet: it will be downloaded first.")
            training, test = (load("mnist" if name == "mnist" else "cifar10", split) for split in ("train", "test"))
        else:
            training, test = load(name, "train", source), load(name, "test", source)
        self._counts = SIZES[name] if source == "complete" else (len(training), len(test))
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
        """CIFAR-10 as parts 1, 3 and 6 use it."""
        return self.images("cifar10", halved=self.profile.halved)

    # ---- what is found ----

    def table(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str | int | float]], *, timed: bool = False
    ) -> None:
        plain = [[cell.item() if isinstance(cell, np.generic) else cell for cell in row] for row in rows]
        self.record.tables.append(Table(title, list(columns), plain, timed))

    def note(self, text: str) -> None:
        self.record.notes.append(text)

    def stand_in(self, text: str) -> None:
        self.record.stand_ins.append(text)

    def figure(self, name: str, figure: Figure, caption: str) -> None:
        """A figure of something that the record doesn't hold; those of runs are drawn from the record."""
        if self.dry:
            return
        plotting.mark(figure, mark_of(self.record))
        plotting.save(figure, self.folder, name)
        self.record.figures[name] = caption

    def values(self, groups: Mapping[str, Sequence[float]]) -> None:
        """Numbers for figures."""
        self.record.values.update({name: [float(value) for value in group] for name, group in groups.items()})

    # ---- training ----

    def recipe(self, *, epochs: int, make_scheduler: Callable[..., Any], schedule: str, **other: Any) -> Recipe:
        """Part 1's recipe in this profile: SGD with momentum 0.9 and weight decay 5e-4, crops and flips."""
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
        name: str,
        title: str,
        make_model: Callable[[], nn.Module],
        recipe: Recipe,
        data: tuple[ImageDataset, ImageDataset],
        architecture: Architecture,
        *,
        prune: Callable[[nn.Module], None] | None = None,
        prune_after: Sequence[int] = (),
        sparse: bool = False,
        half: bool = True,
        plain: bool = False,
    ) -> Run:
        """Train a network, measure it, keep it. A run that is finished is not repeated; one that stopped goes on.

        Args:
            make_model: makes the network, after the random numbers have been seeded.
            prune: called with the network after each of the epochs ``prune_after``, before its evaluation.
            sparse: count the zeros of each convolution after every epoch.
            half: keep kernels and matrices as float16.
            plain: the readable loop and float32 on every device, where its time is what is measured.
        """
        known = self.record.run(name)
        if known is not None and known.finished:
            return known
        precision: Precision = "float32" if plain else self.precision

        def begin() -> Training:
            torch.manual_seed(self.record.seed)
            model = make_model().to(self.device)

            def before_evaluation(epoch: int) -> bool:
                times = list(prune_after).count(epoch)
                for _ in range(times):
                    assert prune is not None
                    prune(model)
                return times > 0

            # Only the images: masks and weights in that order would break a student's mask.view(-1).
            layout = torch.contiguous_format if plain else torch.channels_last
            return Training(
                model,
                replace(data[0], layout=layout),
                replace(data[1], layout=layout),
                recipe,
                before_evaluation=before_evaluation if prune_after else None,
                precision=precision,
                graphs=False if plain else None,
            )

        run = Run(name=name, title=title, settings=_settings(recipe, precision), alone=self._alone)
        if self.dry:
            self.estimate += _estimate(begin(), *self._counts)
            return run
        if known is not None:
            self.record.runs.remove(known)
        self.record.runs.append(run)
        training = begin()
        if not self._take_up(training, run):
            training = begin()
        self._epochs(training, run, sparse)
        run.checkpoint = self._keep(training.model, run.name, architecture, data[1], half)
        write(self.record, self.folder)
        self._state_file(name).unlink(missing_ok=True)
        self.watch.run_ends(run)
        return run

    def _epochs(self, training: Training, run: Run, sparse: bool) -> None:
        """Train to the end; whatever stops it, the record has the epochs that were done."""
        self.watch.run_begins(run, len(training.training))
        saved = time.perf_counter()
        try:
            while not training.finished:
                training.epoch(lambda seen, loss: self.watch.step(run, seen, loss))
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

    def _keep(
        self, model: nn.Module, name: str, architecture: Architecture, test: ImageDataset, half: bool
    ) -> Checkpoint:
        """Write the weights, and measure what was written, as others will."""
        try:
            state = checkpoints.export(model, architecture)
        except CheckpointError as error:
            raise StudentCodeError(f"the network of {name!r} can't be kept as {architecture}: {error}") from None
        path = self.folder / f"{name}.safetensors"
        checkpoints.save(state, path, half=half)
        kept = checkpoints.load(path, architecture).to(self.device)
        witnesses = load("cifar10", "test")
        if test.images.shape[-1] != witnesses.images.shape[-1]:
            witnesses = witnesses.halved()
        # Everybody measures with the statistics of the data that the network was trained on.
        witnesses = replace(witnesses, mean=test.mean, std=test.std).to(self.device)
        tested = evaluate(kept, test)
        # The quick profile's test images are the witnesses themselves.
        witnessed = tested if test.digest == witnesses.digest else evaluate(kept, witnesses)
        return Checkpoint(
            file=path.name,
            sha256=checkpoints.digest(path),
            architecture=architecture,
            test=Claim(tested.correct, tested.total),
            fixtures=Claim(witnessed.correct, witnessed.total),
        )

    # ---- what --resume takes up ----

    def _state_file(self, name: str) -> Path:
        return self.folder / f"{name}.state"

    def _save_state(self, training: Training, run: Run) -> None:
        path = self._state_file(run.name)
        checkpoints.write_tensors(training.state(), path, {"run": msgspec.json.encode(run).decode()})

    def _take_up(self, training: Training, run: Run) -> bool:
        """Go on where the run stopped, if it did; False where that failed and the network is of no use any more."""
        path = self._state_file(run.name)
        if not path.is_file():
            return True
        try:
            with safe_open(path, framework="pt") as file:
                kept = msgspec.json.decode(file.metadata()["run"], type=Run)
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (it is no mapping)
            if kept.settings != run.settings:
                raise ValueError("it is of other settings")
            training.take_up(tensors, History(kept.losses, kept.accuracies, kept.rates, kept.seconds, kept.within))
        except (SafetensorError, msgspec.MsgspecError, OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
            self.note(f"{run.title} began anew: what was kept of it can't be taken up ({str(error)[:100]}).")
            path.unlink(missing_ok=True)
            return False
        _copy_history(training.history, run)
        run.zeros = kept.zeros
        run.alone = kept.alone and run.alone
        return True


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


def _estimate(training: Training, images: int, test_images: int, steps: int = 3) -> float:
    """Seconds that the training on so many images would take, from a few steps of it."""
    size = training.recipe.batch_size
    few = training.training.take(min((steps + 1) * size, len(training.training)))
    times = [time.perf_counter()]

    def note_time(seen: int, loss: Tensor) -> None:
        float(loss)  # waits for a GPU
        times.append(time.perf_counter())

    training.stepper.epoch(few, training.generator, training.recipe.rate, note_time)
    step = statistics.median(after - before for before, after in itertools.pairwise(times[1:]))
    test = training.test.take(min(1000, len(training.test)))
    if test.images.is_cuda:
        evaluate(training.model, test)  # libraries choose their algorithms, once a run
    started = time.perf_counter()
    evaluate(training.model, test)
    evaluation = (time.perf_counter() - started) * test_images / len(test)
    epochs, within = training.recipe.epochs, len(training.recipe.within)
    return epochs * (step * images / size + evaluation) + within * evaluation
