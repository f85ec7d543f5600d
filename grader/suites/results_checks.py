"""Check that a record belongs to its checkpoint, to the submitted code and to the handout's recipe.

A record is never trusted. Its weights are loaded into the course's own networks, and accuracy and zeros are measured
again. The record has to agree with these measurements, with the recipe and with itself.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from torch import nn

from course import checkpoints, records
from course.checkpoints import Architecture, CheckpointError
from course.datasets import SIZES, STATISTICS, ImageDataset, Name, load
from course.experiments.profiles import PROFILES
from course.facts import accuracy_of
from course.records import Checkpoint, Record, RecordError, Run, Settings
from grader.suites.copied_networks import COPY, is_of_fixtures, same_channels, same_weights
from grader.suites.curves import assert_noisy_losses, assert_own_curves, assert_swinging_accuracies
from grader.suites.held_out import HELD_OUT, held_out
from grader.suites.measured_networks import (
    PRECISION,
    ROUNDING,
    WITNESSES,
    difference_bound,
    measured,
    sampling_bound,
)
from grader.suites.recipes import Expected
from harness.checks import assert_true, fail, told_apart
from harness.edition import on_gradescope
from harness.outcomes import NotMade
from harness.repeat import experiments

__all__ = ["Results"]

#: The profile that earns points. Tests of this software set it to the quick profile.
EARNS = "full"
HAND_IN = "hand in results/ with your code"
"""The last step for new results on Gradescope, which has no command line."""


def how_to_make(part: str) -> str:
    """Return what a student has to do for results that earn points."""
    if on_gradescope():
        return f"run the experiments of part {part} with the full profile where you work, then {HAND_IN}"
    return experiments(part, python="python")


def _what_makes(part: str) -> str:
    return how_to_make(part) if on_gradescope() else f"{how_to_make(part)} makes them"


class Results:
    """The results of one part of a submission.

    Args:
        folder: the folder of results, with a folder for each part; None if the submission has no results.
        code: the folder with the student's modules.
        part: the part, ``1.1`` for example.
        fact: keeps measured values for the people who read the answers.
    """

    def __init__(
        self, folder: Path | None, code: Path, part: str, fact: Callable[..., None] = lambda *_, **__: None
    ) -> None:
        self.folder, self.code, self.part, self.fact = folder, code, part, fact
        self.again = f"run it again: {how_to_make(part)}"

    # ---- the record ----

    def record(self, *, whole: bool = True) -> Record:
        """Return the part's record, after checking that it is complete and belongs to the submitted code.

        Args:
            whole: False also accepts a record in which some runs failed.

        Raises:
            NotMade: there are no results of this part.
            CheckFailure: the record is not valid, not complete, or of other code.
        """
        try:
            there = self.folder is not None and (self.folder / self.part / records.FILE).exists()
        except OSError as error:
            fail(f"results/{self.part} can't be read ({error.strerror}).", "change its permissions.")
        if self.folder is None or not there:
            raise NotMade(f"No results yet: {_what_makes(self.part)}.")
        folder = self.folder / self.part
        if folder.is_symlink():
            fail(f"results/{self.part} is a link, expected a folder.")
        try:
            record = records.read(folder)
        except RecordError as error:
            fail(f"{error}.", self.again)
        assert_true(record.part == self.part, f"The record in results/{self.part} is that of part {record.part[:10]}.")
        if record.state == "skipped" and not record.runs:
            raise NotMade(f"Part {self.part} was skipped: {_line(record.reason)}.")
        assert_true(
            record.state == "complete" or (not whole and record.state == "failed"),
            f"The results of part {self.part} are {record.state}{': ' if record.reason else ''}{_line(record.reason)}.",
            f"let it come to its end, then {HAND_IN}." if on_gradescope() else "--resume goes on where a run stopped.",
        )
        if record.profile not in PROFILES:
            fail(f"The record's profile is {record.profile[:20]!r}, expected one of {', '.join(PROFILES)}.")
        self._check_code(record)
        return record

    def _check_code(self, record: Record) -> None:
        for module in records.MODULES[self.part]:
            path = self.code / f"{module}.py"
            now = records.code_digest(path) if path.is_file() else None
            assert_true(
                now is not None and record.student.get(path.name) == now,
                f"{path.name} is not the file that the results of part {self.part} were made with.",
                f"results belong to the code as it was; {self.again}",
            )

    def check_data(self, record: Record, *names: Name, whole: bool = False) -> ImageDataset:
        """Check that the record's images are those of its profile.

        Args:
            names: the data sets that the part may use.
            whole: the images have their full size in every profile.

        Returns:
            The 1,000 test images of ``fixtures/``, with the record's image size, mean and standard deviation.

        Raises:
            CheckFailure: the record has other images.
        """
        profile, data = PROFILES[record.profile], record.data
        if profile.source == "fixtures":
            names = ("cifar10",)  # fixtures/ has no other data set
        if data is None or data.name not in names:
            fail(f"The record says nothing of {' or '.join(names)}, on which part {self.part} is trained.", self.again)
        name = names[names.index(data.name)]
        halved = profile.halved and not whole
        witnesses = load("cifar10", "test")
        sizes = SIZES[name] if profile.source == "complete" else (len(load(name, "train")), len(witnesses))
        sizes = (profile.training or sizes[0], sizes[1])
        assert_true(
            (data.source, data.training, data.test, data.size) == (profile.source, *sizes, 16 if halved else 32),
            f"The record's images are {data.training:,} + {data.test:,} of {data.size}×{data.size} pixels "
            f"({data.source[:20]}), "
            f"the {profile.name} profile's are {sizes[0]:,} + {sizes[1]:,}.",
            self.again,
        )
        if halved:
            witnesses = witnesses.halved()
        if profile.source == "fixtures":
            digest = witnesses.digest
            assert_true(data.test_digest == digest, "The record's test images are not those of fixtures/.", self.again)
        mean, std = STATISTICS[name]
        return replace(witnesses, mean=mean, std=std)

    # ---- a run ----

    def run(self, record: Record, name: str, expected: Expected, witnesses: ImageDataset) -> tuple[Run, nn.Module]:
        """Return a run and the network of its checkpoint, after checking both against the recipe and each other.

        Raises:
            CheckFailure: the run is missing, or anything disagrees.
        """
        run = record.run(name)
        if run is None:
            reason = f" ({_line(record.reason)})" if record.reason else ""
            fail(f"The results of part {self.part} have no run {name!r}{reason}.", self.again)
        self._check_recipe(record, run, expected)
        self._check_curves(record, run, expected)
        return run, self._check_checkpoint(record, run, expected, witnesses)

    def _check_recipe(self, record: Record, run: Run, expected: Expected) -> None:
        profile = PROFILES[record.profile]
        settings = expected.settings(profile, run.settings)
        for field in Settings.__struct_fields__:
            found, wanted = getattr(run.settings, field), getattr(settings, field)
            equal = math.isclose(found, wanted, rel_tol=1e-6) if isinstance(wanted, float) else found == wanted
            assert_true(
                equal,
                f"{run.name}: {field} is {str(found)[:40]}, the handout's is {wanted} in the {profile.name} profile.",
                self.again,
            )
        assert record.data is not None
        epochs = settings.epochs
        steps = epochs * math.ceil(record.data.training / settings.batch_size)
        for values, what, count in (
            (run.losses, "losses", steps),
            (run.accuracies, "accuracies", epochs),
            (run.rates, "learning rates", epochs),
            (run.seconds, "times", epochs),
        ):
            assert_true(
                len(values) == count,
                f"{run.name} has {len(values):,} {what}, expected {count:,} for {epochs} epochs.",
                self.again,
            )
            good = all(math.isfinite(value) and value >= 0 for value in values)
            assert_true(
                good, f"{run.name} has impossible {what}: negative ones, or ones that are not finite.", self.again
            )
        # The first loss of an untrained network is about the logarithm of the number of classes, and log 10 is 2.3.
        assert_true(run.losses[0] > 1.5, f"{run.name} begins with a loss of {run.losses[0]:.3g}.", self.again)
        for accuracy in run.accuracies:
            images = accuracy * record.data.test
            assert_true(
                accuracy <= 1 and abs(images - round(images)) < 1e-4,
                f"{run.name}: an accuracy of {accuracy:.6g} is not a whole number of {record.data.test:,} images.",
                self.again,
            )
        self._check_rates(run, settings, expected)

    def _check_curves(self, record: Record, run: Run, expected: Expected) -> None:
        assert_noisy_losses(run, self.again)
        if record.profile == "full" and expected.band.floor > 0:
            assert_swinging_accuracies(run, self.again)
        if (
            expected.long != 3
        ):  # a student's layer may equal the provided one in 6.2, and then both runs of three epochs are equal
            assert_own_curves(run, self._other_runs(record, run), self.again)

    def _other_runs(self, record: Record, run: Run) -> list[tuple[str, Run]]:
        """Return all other runs of the submission that can be read, by name."""
        found = [(one.name, one) for one in record.runs if one is not run]
        assert self.folder is not None
        for part in records.PARTS:
            if part != self.part:
                with suppress(RecordError):
                    runs = records.read(self.folder / part).runs
                    found += [(f"{part}/{one.name}", one) for one in runs]
        return [(name, one) for name, one in found if one.losses and one.accuracies]

    def _check_rates(self, run: Run, settings: Settings, expected: Expected) -> None:
        """Check the rates. PyTorch computes them recursively, which differs from the closed form by rounding only."""
        for epoch, rate in enumerate(run.rates):
            given = expected.rate * expected.factor(epoch * settings.lapse)
            had, wanted = told_apart(rate, given)
            assert_true(
                abs(rate - given) <= 1e-6 * expected.rate,
                f"{run.name}: epoch {epoch + 1} had the learning rate {had}, the {expected.schedule} schedule "
                f"gives {wanted}.",
                f"is make_scheduler right? Then {self.again}",
            )

    def _check_checkpoint(self, record: Record, run: Run, expected: Expected, witnesses: ImageDataset) -> nn.Module:
        kept = run.checkpoint
        if kept is None:
            reason = f" ({_line(record.reason)})" if record.reason else ""
            fail(f"{run.name} has no checkpoint{reason}.", self.again)
        assert self.folder is not None
        assert record.data is not None
        if kept.file != f"{run.name}.safetensors" or kept.architecture != expected.architecture:
            fail(f"{run.name}: its checkpoint should be {run.name}.safetensors, with {expected.architecture} in it.")
        path = self.folder / self.part / kept.file
        try:
            # The file is read once, so that digest and measurements are of the same bytes.
            data = checkpoints.read(path, expected.architecture)
            model = checkpoints.parse(data, path.name, expected.architecture)
        except CheckpointError as error:
            fail(f"{self.part}/{error}.", self.again)
        digest = hashlib.sha256(data).hexdigest()
        del data  # a container has little memory
        assert_true(
            digest == kept.sha256,
            f"{kept.file} is not the file that was recorded.",
            self.again,
        )
        correct = measured(model, kept.sha256, witnesses)
        name, *also = accuracy_of(self.part, run.name)
        self.fact(f"{name} (measured on {WITNESSES:,} images)", 100 * correct / WITNESSES, "%", also=also)
        self._count(name, model)
        self._check_claims(record, run, kept, correct)
        unseen = self._unseen(model, kept, witnesses)
        if unseen is not None:
            self._check_unseen(record, run, kept, correct, unseen)
        assert_true(
            not is_of_fixtures(model),
            f"{kept.file} computes what the course's own network of fixtures/ computes, expected one that was trained "
            "here.",
            self.again,
        )
        if record.profile == "full":
            found = [kept.test.accuracy, correct / WITNESSES, *([] if unseen is None else [unseen / HELD_OUT])]
            self._check_learnt(run, found, expected)
        return model

    def _count(self, name: str, model: nn.Module) -> None:
        """Keep the number of zeros of a pruned network, or the number of parameters of another, as facts."""
        if self.part in ("3.3", "3.4"):
            layers = [layer.weight.detach() for layer in model.modules() if isinstance(layer, nn.Conv2d)]
            zeros = [int((weight == 0).sum()) for weight in layers]
            for place, count in enumerate(zeros, start=1):
                self.fact(f"weights that are zero in convolution {place} (measured)", count)
            share = 100 * sum(zeros) / sum(weight.numel() for weight in layers)
            self.fact("share of the weights that are zero at the end (measured)", share, "%", tolerance=0.5)
        elif self.part in ("4.2", "6.2"):
            count = sum(parameter.numel() for parameter in model.parameters())
            self.fact(name.replace("test accuracy", "parameters") + " (measured)", count)

    def _check_claims(self, record: Record, run: Run, kept: Checkpoint, correct: int) -> None:
        assert record.data is not None
        claim, witness = kept.test, kept.fixtures
        if claim.total != record.data.test or witness.total != WITNESSES or not 0 <= claim.correct <= claim.total:
            fail(
                f"{run.name}: the checkpoint's accuracy was not measured on the {record.data.test:,} test images.",
                self.again,
            )
        assert_true(
            abs(correct - witness.correct) <= ROUNDING,
            f"{run.name}: {kept.file} recognises {correct} of the {WITNESSES:,} test images in fixtures/, the record "
            f"says {witness.correct}.",
            self.again,
        )
        if record.data.name == "cifar10":  # the witnesses are a sample of the test images
            bound = sampling_bound(claim.accuracy, record.data.test)
            assert_true(
                abs(correct / WITNESSES - claim.accuracy) <= bound,
                f"{run.name}: the record claims {claim.accuracy:.1%} of {claim.total:,} test images, {kept.file} "
                f"recognises {correct / WITNESSES:.1%} of {WITNESSES:,} of them: that can't be chance.",
                self.again,
            )
        # The curve's last value was measured in the training's precision, before weights were rounded.
        assert_true(
            abs(run.accuracies[-1] - claim.accuracy) <= PRECISION,
            f"{run.name}: the curve ends at {run.accuracies[-1]:.1%}, the checkpoint has {claim.accuracy:.1%}.",
            self.again,
        )

    def _unseen(self, model: nn.Module, kept: Checkpoint, witnesses: ImageDataset) -> int | None:
        """Return how many held-out images the network recognises; None if this copy has none."""
        images = held_out("cifar10")
        if images is None:
            return None
        if images.images.shape[-1] != witnesses.images.shape[-1]:
            images = images.halved()
        images = replace(images, mean=witnesses.mean, std=witnesses.std)
        return measured(model, kept.sha256, images, which="held out")

    def _check_unseen(self, record: Record, run: Run, kept: Checkpoint, correct: int, unseen: int) -> None:
        """Check the accuracy on held-out images. Messages don't say it, because a network could be fitted to it."""
        accuracy = unseen / HELD_OUT
        assert record.data is not None
        claimed = record.data.source == "complete" and record.data.name == "cifar10"
        assert_true(
            not claimed or accuracy >= kept.test.accuracy - sampling_bound(kept.test.accuracy, record.data.test),
            f"{run.name}: {kept.file} recognises far fewer of test images that are not in fixtures/ than the record "
            "claims.",
            f"were test images trained on? Train on training images alone; {self.again}",
        )
        both = (unseen + correct) / (HELD_OUT + WITNESSES)
        assert_true(
            accuracy >= correct / WITNESSES - difference_bound(both),
            f"{run.name}: {kept.file} recognises far fewer of test images that are not in fixtures/ than of those that "
            "are.",
            f"were test images trained on? Train on training images alone; {self.again}",
        )

    def _check_learnt(self, run: Run, accuracies: Sequence[float], expected: Expected) -> None:
        """Compare all accuracies with the band. Messages say the first one only, see :meth:`_check_unseen`."""
        said, band = accuracies[0], expected.band
        assert_true(
            min(accuracies) >= band.floor,
            f"{run.name}: {said:.1%} of the test images are recognised, this recipe reaches more than "
            f"{band.floor:.0%}.",
            "was it trained with the handout's recipe to the end?",
        )
        assert_true(
            max(accuracies) <= band.ceiling,
            f"{run.name}: {said:.1%} of the test images are recognised, this recipe reaches less than "
            f"{band.ceiling:.0%}.",
            f"was it trained with another recipe? {self.again}",
        )

    # ---- points ----

    def earns(self, record: Record) -> bool:
        """Say whether results of this profile earn points."""
        return record.profile == EARNS

    def earn(self, record: Record) -> None:
        """End a test whose checks all passed.

        Raises:
            NotMade: the results are of a profile that earns no points.
        """
        if not self.earns(record):
            raise NotMade(
                f"These results of the {record.profile} profile are as they should be. The points come with the full "
                f"ones: {how_to_make(self.part)}.",
                quick=True,
            )

    def assert_distinct(self, models: Sequence[tuple[str, nn.Module]], within: float = COPY) -> None:
        """Check that no two networks have the same weights or the same channels.

        Fine-tuned networks share frozen layers, so only their weights are compared.

        Args:
            models: the networks with their names.
            within: weights are the same if they differ by less than this share of their norm.

        Raises:
            CheckFailure: two networks are the same.
        """
        for index, (name, model) in enumerate(models):
            for other_name, other in models[:index]:
                same = "weights" if same_weights(model, other, within) else ""
                if not same and within == COPY and same_channels(model, other):
                    same = "channels, in whatever order and scale"
                assert_true(
                    not same, f"{name} and {other_name} have the same {same}, expected two trainings.", self.again
                )

    def other(self, part: str, name: str, architecture: Architecture = "ConvNet") -> list[tuple[str, nn.Module]]:
        """Return the name and network of a run of another part, as a list; an empty one if it can't be read."""
        if self.folder is None:
            return []
        try:
            return [(f"{part}/{name}", checkpoints.load(self.folder / part / f"{name}.safetensors", architecture))]
        except CheckpointError:
            return []


def _line(text: str) -> str:
    """Shorten a text of a record to one line for a message."""
    return " ".join(text.split())[:300]
