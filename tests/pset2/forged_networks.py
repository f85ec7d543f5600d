"""Forgeries whose networks are real: others than the recipe trains, or other people's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

from course import checkpoints
from course.datasets import FIXTURES, ImageDataset, load
from course.trainer import evaluate
from tests.pset2.forgeries import edit, forgery, put

__all__ = ["invented_accuracies", "invented_losses", "put_full"]


State = dict[str, torch.Tensor]


def invented_losses(steps: int, seed: int = 0) -> list[float]:
    """Losses with as much noise as real ones have."""
    noise = torch.randn(steps, generator=torch.Generator().manual_seed(seed))
    return (2.2 * 0.9995 ** torch.arange(steps) * (1 + 0.05 * noise)).tolist()


def invented_accuracies(correct: int) -> list[float]:
    """Five epochs that end with so many of 10,000 images."""
    return [int(correct * share) / 10_000 for share in (0.63, 0.81, 0.78, 0.94)] + [correct / 10_000]


def put_full(
    folder: Path, name: str, state: State, correct: int, recognised: int, accuracies: list[float] | None = None
) -> None:
    """Put a network in the place of a run of five epochs, as the full profile would leave it.

    Args:
        folder: of the part.
        correct: of 10,000 test images, as the record claims.
        recognised: of the 1,000 in fixtures/, as it is.
    """
    path = folder / f"{name}.safetensors"
    path.unlink()
    save_file(state, path)

    def change(record: dict[str, Any]) -> None:
        record["profile"] = "full"
        record["data"].update(source="complete", training=50_000, test=10_000, size=32)
        run = next(run for run in record["runs"] if run["name"] == name)
        run["settings"].update(epochs=5, batch_size=128)
        run.update(losses=invented_losses(5 * 391), accuracies=accuracies or invented_accuracies(correct))
        run.update(rates=[run["settings"]["rate"]] * 5, seconds=[1.0] * 5)
        claims = {"test": {"correct": correct, "total": 10_000}, "fixtures": {"correct": recognised, "total": 1_000}}
        run["checkpoint"].update(sha256=checkpoints.digest(path), **claims)

    edit(folder, change)


@forgery("3.2b", "the course's own network")
def full_results_where_all_but_the_origin_is_right(results: Path) -> None:
    put_full(results / "3.2", "unpruned", load_file(FIXTURES / "convnet.safetensors"), 8_498, 836)


@forgery("3.2b", "that can't be chance")
def full_results_with_a_claim_that_no_sample_could_bear(results: Path) -> None:
    put_full(results / "3.2", "unpruned", load_file(FIXTURES / "convnet.safetensors"), 9_000, 836)


def by_heart(images: ImageDataset) -> State:
    """The network of fixtures/ with a last layer that was trained on these images alone, until it knows each."""
    model = checkpoints.load(FIXTURES / "convnet.safetensors", "ConvNet")
    classifier = model.classifier
    assert isinstance(classifier, nn.Linear)
    features: list[torch.Tensor] = []
    hook = classifier.register_forward_pre_hook(lambda _, inputs: features.append(inputs[0].detach()))
    evaluate(model, images, batch_size=50)
    hook.remove()
    optimizer = torch.optim.LBFGS(classifier.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = functional.cross_entropy(classifier(torch.cat(features)), images.labels)
        value.backward()
        return value

    optimizer.step(loss)
    return model.state_dict()


@forgery("1.2e", "recognises far fewer of test images that are not in fixtures/ than of those that are")
def public_images_learnt_by_heart(results: Path) -> None:
    put(results / "1.2", "multistep", by_heart(load("cifar10", "test").halved()))


@forgery("3.2b", "recognises far fewer of test images that are not in fixtures/ than the record claims")
def full_results_of_public_images_learnt_by_heart(results: Path) -> None:
    put_full(results / "3.2", "unpruned", by_heart(load("cifar10", "test")), 9_700, 1_000)


def in_another_order(state: State, seed: int = 0) -> State:
    """The same function: each block's channels in another order, each with a factor that the next layer takes back."""
    generator = torch.Generator().manual_seed(seed)
    state = {name: value.clone() for name, value in state.items()}
    order, factors = torch.arange(3), torch.ones(3)
    for block in range(9):
        kernels = state[f"model.{block}.0.weight"][:, order] / factors[:, None, None]
        order = torch.randperm(len(kernels), generator=generator)
        factors = 0.3 + 3 * torch.rand(len(kernels), generator=generator)
        state[f"model.{block}.0.weight"] = kernels[order]
        for name in ("weight", "bias", "running_mean", "running_var"):
            key = f"model.{block}.1.{name}"
            state[key] = state[key][order] * (factors if name in ("weight", "bias") else 1)
    state["classifier.weight"] = state["classifier.weight"][:, order] / factors
    return state


def with_noise(state: State, share: float) -> State:
    """Kernels and matrices with noise of this share of their spread."""
    noise = torch.Generator().manual_seed(1)
    return {
        name: value + share * value.std() * torch.randn(value.shape, generator=noise) if value.ndim > 1 else value
        for name, value in state.items()
    }


@forgery("3.2b", "the course's own network")
def full_results_of_the_network_of_fixtures_in_another_order(results: Path) -> None:
    state = in_another_order(load_file(FIXTURES / "convnet.safetensors"))
    put_full(results / "3.2", "unpruned", state, 8_498, 836)


@forgery("1.1c", "the course's own network")
def full_results_of_the_network_of_fixtures_at_a_small_rate(results: Path) -> None:
    state = in_another_order(load_file(FIXTURES / "convnet.safetensors"), seed=1)
    put_full(results / "1.1", "rate-0.0001", state, 8_498, 836)


@forgery("1.2e", "the course's own network")
def a_few_steps_from_the_network_of_fixtures(results: Path) -> None:
    model = checkpoints.load(FIXTURES / "convnet.safetensors", "ConvNet").train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    for images, labels in load("cifar10", "train").take(100).batches(20):
        optimizer.zero_grad()
        functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    put(results / "1.2", "multistep", model.state_dict())


@forgery("1.2e", "have the same channels")
def the_other_schedules_network_in_another_order(results: Path) -> None:
    put(results / "1.2", "multistep", in_another_order(load_file(results / "1.2/cosine-annealing.safetensors")))


@forgery("1.2f", "have the same channels")
def the_other_schedules_network_with_noise(results: Path) -> None:
    state = with_noise(load_file(results / "1.2/multistep.safetensors"), 0.02)
    put(results / "1.2", "cosine-annealing", state)


@forgery("6.2d", "have the same channels")
def three_epochs_with_noise_as_a_hundred(results: Path) -> None:
    put(results / "6.2", "adam", with_noise(load_file(results / "6.2/yours.safetensors"), 0.02), "DWConvNet")
