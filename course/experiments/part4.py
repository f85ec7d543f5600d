"""Part 4: a pre-trained ResNet-18, fine-tuned whole, with frozen layers, and with frozen layers and LoRA."""

from __future__ import annotations

import os
import tempfile
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from course.datasets import DataError, ImageDataset, UnusableDataError
from course.experiments.experiment import Drawing, Experiment, Records
from course.experiments.lab import Lab, Network
from course.experiments.part1 import constant_rate
from course.experiments.student_code import StudentCodeError
from course.plotting import bars, learning_curves
from course.stand_ins import resnet18_file, resnet18_stand_in
from course.trainer import Recipe

__all__ = ["EXPERIMENTS"]

Maker = Callable[[], nn.Module]


@contextmanager
def weights(lab: Lab) -> Iterator[None]:
    """Let torchvision find weights for ResNet-18: ImageNet's, or random ones, which the record then names.

    In the full profile torchvision may download ImageNet's weights. The quick profile uses them only if they are in
    torchvision's cache.
    """
    at_hand = (Path(torch.hub.get_dir()) / "checkpoints" / resnet18_file()).is_file()
    reason = f"a {'dry run' if lab.dry else 'quick profile'} downloads nothing"
    if lab.profile.name == "full" and not at_hand and not lab.dry:
        try:
            lab.code.finetuning.load_pretrained()
            at_hand = True
        except (urllib.error.URLError, OSError) as error:
            reason = f"they can't be downloaded ({error})"
    if at_hand:
        yield
        return
    lab.stand_in(f"Random weights stand in for ImageNet's, which are not in torchvision's cache: {reason}.")
    with tempfile.TemporaryDirectory(prefix="pset2-torch-") as folder:
        checkpoints = Path(folder) / "hub" / "checkpoints"
        checkpoints.mkdir(parents=True)
        torch.save(resnet18_stand_in(lab.record.seed), checkpoints / resnet18_file())
        before = os.environ.get("TORCH_HOME")
        os.environ["TORCH_HOME"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["TORCH_HOME"]
            else:
                os.environ["TORCH_HOME"] = before


def makers(lab: Lab) -> dict[str, Maker]:
    """Return functions that make the three networks, by the notebook's names."""
    code = lab.code.finetuning

    def changed(model: nn.Module, function: Callable[[nn.Module], nn.Module | None]) -> nn.Module:
        returned = function(model)
        return model if returned is None else returned

    def loaded() -> nn.Module:
        model = code.load_pretrained()
        if not isinstance(model, nn.Module):
            raise StudentCodeError(
                f"load_pretrained in finetuning.py returned a {type(model).__name__}, expected a network"
            )
        return model

    def frozen() -> nn.Module:
        return changed(loaded(), code.freeze_early_layers)

    return {
        "pt_net": loaded,
        "net_freeze": frozen,
        "net_freeze_lora": lambda: changed(frozen(), code.add_lora_classifier),
    }


def trainable(lab: Lab) -> None:
    """Run part 4.1: count the trainable parameters of the three networks."""
    rows: list[list[str | int | float]] = []
    with weights(lab):
        for name, make in makers(lab).items():
            model = make()
            counts = [parameter.numel() for parameter in model.parameters() if parameter.requires_grad]
            named = model.named_parameters()
            fc = [p.numel() for name, p in named if p.requires_grad and name.startswith("fc.")]
            total = sum(parameter.numel() for parameter in model.parameters())
            rows.append([name, total, sum(counts), sum(fc), 100 * sum(counts) / total])
    columns = ["network", "parameters", "trainable", "trainable in fc", "trainable (%)"]
    lab.table("Parameters of the three networks", columns, rows)


def draw_trainable(records: Records) -> dict[str, Drawing]:
    table = records["4.1"].table("trainable in fc")
    if table is None:
        return {}
    columns = {"trainable": 2, "trainable in the classifier fc": 3}
    groups = {
        name: [100 * float(row[column]) / float(row[1]) for row in table.rows] for name, column in columns.items()
    }
    names = [str(row[0]) for row in table.rows]
    figure = bars(names, groups, title="What fine-tuning changes", xlabel="Share of the network's parameters (%)")
    caption = "The share of each network's parameters that is trained (part 4.1)."
    return {"parameters": Drawing(figure, caption)}


def images(lab: Lab) -> tuple[ImageDataset, ImageDataset]:
    """Return the images of CINIC-10, or those of CIFAR-10, which the record then names as a stand-in."""
    if lab.profile.source == "fixtures":
        lab.stand_in("CIFAR-10's subset in fixtures/ stands in for CINIC-10, which the repository doesn't have.")
        return lab.images("cifar10")
    try:
        return lab.images("cinic10")
    except UnusableDataError:  # a damaged file is reported, and not replaced by CIFAR-10
        raise
    except DataError as error:
        lab.stand_in(f"CIFAR-10 stands in for CINIC-10, which is not available: {error}.")
        return lab.images("cifar10")


def fine_tune(lab: Lab) -> None:
    """Run part 4.2: train each of the three networks for one epoch."""
    networks = makers(lab)
    data = images(lab)
    recipe = Recipe(
        epochs=1,
        rate=0.01,
        momentum=0.9,
        weight_decay=5e-4,
        batch_size=lab.profile.batch_size,
        make_scheduler=constant_rate,
        seed=lab.record.seed,
        within=(0.0, 0.25, 0.5, 0.75),
    )
    with weights(lab):
        for name, make in networks.items():
            lab.train(Network(name.replace("_", "-"), name, make, "ResNet18"), recipe, data)


def draw_fine_tuned(records: Records) -> dict[str, Drawing]:
    record = records["4.2"]
    data = {"cinic10": "CINIC-10", "cifar10": "CIFAR-10"}.get(record.data.name if record.data else "", "")
    figure = learning_curves(record.runs, title=f"Fine-tuning ResNet-18 on {data}")
    quarters = any(run.within for run in record.runs)
    when = "before their one epoch, at each quarter of it and after it" if quarters else "after their one epoch"
    return {"fine-tuning": Drawing(figure, f"The three networks {when} (part 4.2).")}


EXPERIMENTS = (
    Experiment("4.1", "Freezing and LoRA", trainable, draw_trainable),
    Experiment("4.2", "Fine-tuning", fine_tune, draw_fine_tuned),
)
