"""Part 4: a pre-trained network, frozen layers and LoRA. The tests check which weights change in training.

ImageNet's weights can't be downloaded everywhere. So torchvision loads random weights under their name, which depend on
the run's seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight
from torch import Tensor

from course.datasets import ImageDataset
from grader import worker_functions
from harness.checks import (
    as_array,
    as_module,
    assert_true,
    assert_within,
    explained_by,
    fail,
    is_same,
    needs,
    parameter_count,
    plain,
)
from harness.host.proxies import RemoteModule, Student
from harness.plugin import GRADING

State = dict[str, Tensor]
FEATURES, OUTPUTS = 512, 1000
DEFAULT_RANK = 10
RESNET18_PARAMETERS = 11_689_512


def resnet18(student: Student) -> RemoteModule:
    """Make torchvision's network with the pre-trained weights in the student's worker."""
    return as_module(student.run(worker_functions.pretrained_resnet18), "ResNet-18")


def changed(function: Callable[..., Any], model: RemoteModule, what: str, *args: Any, **kwargs: Any) -> RemoteModule:
    """Call a function that changes a model. Return what it returns, or the model itself if it returns nothing."""
    result = function(model, *args, **kwargs)
    return model if result is None else as_module(result, f"{what}'s result")


def classifier(model: RemoteModule) -> RemoteModule:
    return as_module(model.get("fc"), "The attribute fc of the model")


def is_parameter(name: str) -> bool:
    return not name.endswith(("running_mean", "running_var", "num_batches_tracked"))


def found_state(model: RemoteModule, expected: State, without_classifier: bool = False) -> State:
    """Return the model's values by torchvision's names, even if the model is wrapped."""
    state = model.state_dict()
    anchor = "layer1.0.bn1.running_mean"
    prefixes = [name.removesuffix(anchor) for name in state if name.endswith(anchor)]
    found = {}
    for name, value in expected.items():
        if without_classifier and name.startswith("fc."):
            continue
        there = f"{prefixes[0]}{name}" if prefixes else name
        if there not in state:
            fail(f"The model has no {name}.", "keep torchvision's ResNet-18, with its names.")
        array = as_array(state[there], name, shape=tuple(value.shape))
        found[name] = torch.from_numpy(array).to(value.dtype)
    return found


def rank_of(change: np.ndarray, weight: np.ndarray) -> int:
    """Return the rank of the change of a classifier's weight, without the rounding of float32.

    Both weights are rounded to float32. A matrix of such errors has singular values up to 2^-24 · max|W| times
    √1000 + √512 (Vershynin, arXiv:1011.3027, theorem 5.32). The factor 16 covers the sums behind each entry. Singular
    values are computed as roots of the Gram matrix's eigenvalues, which has an error of about 1e-7 of the largest.
    """
    matrix = torch.from_numpy(change)
    singular = torch.linalg.eigvalsh(matrix.T @ matrix).clamp(min=0).sqrt().numpy()
    noise = 16 * 2**-24 * float(np.abs(weight).max()) * (np.sqrt(OUTPUTS) + np.sqrt(FEATURES))
    return int((singular > max(noise, 1e-6 * float(singular.max()))).sum())


def drawn_images(rng: np.random.Generator, count: int, size: int = 32) -> Tensor:
    return torch.from_numpy(rng.normal(size=(count, 3, size, size)).astype(np.float32))


def layer_map(student: Student, layer: RemoteModule) -> tuple[np.ndarray, np.ndarray]:
    """Return the weight, (1000, 512) float64, and bias, (1000,) float64, of a classifier's linear map."""
    weight, bias = student.run(worker_functions.linear_map, layer, FEATURES, of=tuple[Any, Any])
    return (
        as_array(weight, "the classifier's weight", shape=(OUTPUTS, FEATURES)).astype(np.float64),
        as_array(bias, "the classifier's bias", shape=(OUTPUTS,)).astype(np.float64),
    )


# ---- 4.1: the pre-trained network --------------------------------------------------------------------------


@weight(3)
@number("4.1a")
def test_it_is_resnet18(student, rng, pretrained):
    """load_pretrained() returns torchvision's ResNet-18 with its 1000 outputs and 11,689,512 parameters."""
    model = as_module(student.finetuning.load_pretrained(), "load_pretrained()")
    shapes = model.shapes()
    count = sum(map(math.prod, shapes.values()))
    expected = {name: tuple(value.shape) for name, value in pretrained.items() if is_parameter(name)}
    assert_true(
        shapes == expected,
        f"The model has {len(shapes)} parameters of {count:,} numbers, expected ResNet-18's {len(expected)} of "
        f"{RESNET18_PARAMETERS:,}, the last layer with {OUTPUTS} outputs.",
        "use torchvision.models.resnet18, and keep its last layer fc.",
    )
    for count in (2, 1):
        found = model.eval()(drawn_images(rng, count))
        as_array(found, f"the output for {count} image{'s' * (count > 1)}", shape=(count, OUTPUTS), dtype="float32")


@weight(4)
@number("4.1b")
@explained_by("4.1a")
def test_the_weights_arrive(student, rng, pretrained):
    """load_pretrained() has the weights, batch norm's statistics included, and outputs of IMAGENET1K_V1."""
    model = as_module(student.finetuning.load_pretrained(), "load_pretrained()")
    found = found_state(model, pretrained)
    other = [name for name, value in pretrained.items() if not is_same(found[name], value)]
    assert_true(
        not other,
        f"{len(other)} of {len(pretrained)} tensors are not those of the pre-trained weights"
        f"{' (for example ' + other[0] + ')' if other else ''}.",
        "resnet18(weights=ResNet18_Weights.IMAGENET1K_V1): without weights the network starts at random.",
    )
    x = drawn_images(rng, 2)
    expected = as_array(resnet18(student).eval()(x), "ResNet-18's output", shape=(2, OUTPUTS))
    assert_within(
        as_array(model.eval()(x), "the output for 2 images", shape=(2, OUTPUTS)),
        expected,
        atol=1e-4 * float(np.abs(expected).max()),
        what="the outputs, against those of torchvision's network",
        hint="return the network as torchvision makes it: nothing comes behind fc.",
    )


@weight(2)
@number("4.1c")
@explained_by("4.1a")
def test_each_call_makes_a_trainable_model(student, rng, pretrained):
    """load_pretrained() freezes nothing, and two calls return two models that share nothing."""
    one = as_module(student.finetuning.load_pretrained(), "load_pretrained()")
    frozen = one.shapes().keys() - one.shapes(trained=True).keys()
    assert_true(
        not frozen,
        f"{len(frozen)} parameters of load_pretrained() take no gradient.",
        "freezing is for freeze_early_layers: pt_net is trained whole.",
    )
    two = as_module(student.finetuning.load_pretrained(), "load_pretrained()")
    x = drawn_images(rng, 2)
    before = as_array(two.eval()(x), "the output for 2 images")
    student.run(worker_functions.change_values, one)
    after = two(x)
    # Both outputs are the same sums. If the models share a value, outputs differ by far more, or overflow.
    same = isinstance(after, Tensor) and tuple(after.shape) == before.shape
    assert_true(
        same and np.allclose(plain(after), before, atol=1e-4 * float(np.abs(before).max())),
        "Two models of load_pretrained() share parameters or statistics: changing one's changes the other's outputs.",
        "make a new model in each call: pt_net, net_freeze and net_freeze_lora are three.",
    )


# ---- 4.1: freezing -----------------------------------------------------------------------------------------


@weight(4)
@number("4.1d")
def test_early_layers_stay_bit_for_bit(student, rng, pretrained, note):
    """After steps of SGD on a frozen model, early layers are the same bit for bit, and the classifier has learned."""
    model = changed(student.finetuning.freeze_early_layers, resnet18(student), "freeze_early_layers")
    labels = torch.from_numpy(rng.integers(0, 10, size=8))
    student.run(
        worker_functions.train_steps,
        model,
        student.run(worker_functions.sgd, model, 0.01),
        drawn_images(rng, 8),
        labels,
        2,
    )
    after = found_state(model, pretrained)
    same = {name for name in pretrained if is_parameter(name) and is_same(after[name], pretrained[name])}
    for name in ("fc.weight", "fc.bias"):
        assert_true(
            name not in same,
            f"The classifier did not learn: {name} is the same after two steps.",
            "leave fc trainable, its bias too.",
        )
    weights = [name for name, value in pretrained.items() if value.ndim == 4]
    assert_true(
        any(name in same for name in weights if name.startswith(("conv1", "layer1"))),
        "The first layers learned: neither conv1 nor a convolution of layer1 is the same after two steps.",
        "set requires_grad to False for the parameters of the first layers, as layer.requires_grad_(False) does: "
        "layer.requires_grad = False freezes nothing.",
    )
    frozen = sum(pretrained[name].numel() for name in same)
    note(f"{frozen:,} of {RESNET18_PARAMETERS:,} parameters ({frozen / RESNET18_PARAMETERS:.1%}) are frozen.")


@weight(2)
@number("4.1e")
@needs("4.1d")
def test_freezing_changes_no_value(student, rng, pretrained):
    """freeze_early_layers changes no weight and no output."""
    model = resnet18(student)
    x = drawn_images(rng, 2)
    before = as_array(model.eval()(x), "the output before", shape=(2, OUTPUTS))
    frozen = changed(student.finetuning.freeze_early_layers, model, "freeze_early_layers")
    after = as_array(frozen.eval()(x), "the output after", shape=(2, OUTPUTS))
    as_array(frozen(x[:1]), "the output after, for one image", shape=(1, OUTPUTS))
    found = found_state(frozen, pretrained)
    assert_true(
        all(is_same(found[name], value) for name, value in pretrained.items()) and np.array_equal(before, after),
        "freeze_early_layers changed weights or outputs of the model.",
        "freezing only sets requires_grad.",
    )


# ---- 4.1: LoRA ---------------------------------------------------------------------------------------------


@weight(4)
@number("4.1f")
def test_lora_starts_as_the_old_layer(student, rng, pretrained):
    """Before training, the LoRA classifier gives the outputs of the layer that it replaces, bias included."""
    model = resnet18(student)
    x = drawn_images(rng, 4)
    before = as_array(model.eval()(x), "the output before", shape=(4, OUTPUTS))
    lora = changed(student.finetuning.add_lora_classifier, model, "add_lora_classifier")
    count = parameter_count(classifier(lora), trained=True)
    assert_true(
        count < FEATURES * OUTPUTS,
        f"fc has {count:,} trainable numbers after add_lora_classifier, no fewer than before.",
        "replace fc: W0 is frozen, A and B are trained.",
    )
    after = as_array(lora.eval()(x), "the output with LoRA", shape=(4, OUTPUTS))
    # Sums of 512 products in another order differ by much less than 1e-4 of the largest output in float32.
    assert_within(
        after,
        before,
        atol=1e-4 * float(np.abs(before).max()),
        what="outputs with LoRA before training",
        hint="copy the pre-trained weight and the bias into the new layer; B starts at 0, so that B·A adds nothing.",
    )


@weight(4)
@number("4.1g")
@needs("4.1f")
def test_lora_learns_a_change_of_low_rank(student, rng, pretrained, note):
    """What the classifier learns is a change of its weight whose rank is at most the given one: W0 stays."""
    rank = int(rng.integers(33, 41))  # larger than usual values of alpha, so that alpha / rank is not a whole number
    model = resnet18(student)
    lora = changed(student.finetuning.add_lora_classifier, model, "add_lora_classifier", rank=rank)
    layer = classifier(lora)
    before, _ = layer_map(student, layer)
    features = torch.from_numpy(rng.normal(size=(64, FEATURES)).astype(np.float32))
    labels = torch.from_numpy(rng.integers(0, 10, size=64))
    for _ in range(2):
        student.run(worker_functions.fit_layer, layer, features, labels, 10)
        layer.eval()  # as between two epochs
    after, bias = layer_map(student, layer)
    expected = (features.double() @ torch.from_numpy(after).T).numpy() + bias
    once, twice = (as_array(layer.eval()(features), "the classifier's output", shape=(64, OUTPUTS)) for _ in range(2))
    assert_true(
        np.allclose(once, twice, atol=1e-4 * float(np.abs(once).max())),
        "The trained classifier's outputs change with a second call of eval().",
        "where eval() merges B·A into W0, note that it is merged: eval() and train() may come twice in a row.",
    )
    assert_within(
        once,
        expected,
        atol=1e-4 * float(np.abs(expected).max()),
        what="the trained classifier's outputs, against the linear map that it is for single features",
        hint="W0·x + B·(A·x) + bias: nothing that is not linear comes between A and B.",
    )
    found = rank_of(after - before, after)
    hint = "A and B are trainable, A starts at random, B at 0: with both at 0, or times alpha // rank, neither learns."
    if not parameter_count(layer, trained=True):
        hint = "fc has no trainable parameter: A and B are nn.Parameter objects of the layer, which optimizers find."
    assert_true(found > 0, "The classifier did not learn: its weight is the same after twenty steps.", hint)
    shapes = "A has rank rows and B rank columns."
    if found in (DEFAULT_RANK - 1, DEFAULT_RANK):
        shapes = f"use the argument rank for A and B, and not always {DEFAULT_RANK}."
    assert_true(
        found <= rank,
        f"With rank={rank} the classifier's weight changed by a matrix of rank {found}.",
        "W0 has to be frozen: only A and B learn." if found > 100 else shapes,
    )
    assert_true(
        found >= rank - 1,
        f"With rank={rank} the classifier's weight changed by a matrix of rank {found} only.",
        shapes,
    )
    note(f"With rank={rank} the weight changed by a matrix of rank {found}.")


@weight(2)
@number("4.1h")
@needs("4.1g")
def test_lora_parameters(student, rng, pretrained):
    """The LoRA classifier trains rank·(512 + 1000) numbers, and perhaps 1000 of its bias; the default rank is 10."""
    layers = []
    for rank in (DEFAULT_RANK, int(rng.integers(11, 20)), DEFAULT_RANK):
        given = {} if rank == DEFAULT_RANK else {"rank": rank}
        model = changed(student.finetuning.add_lora_classifier, resnet18(student), "add_lora_classifier", **given)
        layers.append(classifier(model))
        count = parameter_count(layers[-1], trained=True)
        expected = rank * (FEATURES + OUTPUTS)
        assert_true(
            count in (expected, expected + OUTPUTS),
            f"With {'rank=' + str(rank) if given else 'the default rank of 10'} the classifier has {count:,} trainable "
            f"numbers, expected {expected:,} in A and B, and {OUTPUTS:,} more where the bias is trainable.",
            "A is (rank, 512), B is (1000, rank); the pre-trained weight is frozen.",
        )
    one_image = model.eval()(drawn_images(rng, 1))
    as_array(one_image, "the output with LoRA for one image", shape=(1, OUTPUTS))
    first, last = layers[0], layers[-1]
    before = first.parameters()
    student.run(worker_functions.change_values, last)
    assert_true(
        all(is_same(before.get(name), value) for name, value in first.parameters().items()),
        "The classifiers of two models share parameters: what one learns changes the other.",
        "make a new A and B in each call.",
    )


# ---- 4.2: training the three -------------------------------------------------------------------------------


@dataclass
class Lesson:
    """The images, (8, 3, 32, 32) float32, and labels, (8,) int64, that the three networks are trained on."""

    images: Tensor
    labels: Tensor
    loss: float | None = None
    """The loss of the pre-trained network, with which all three begin. It is computed once."""


@pytest.fixture(scope="session")
def lesson(request: pytest.FixtureRequest, photos: ImageDataset) -> Lesson:
    rng = np.random.default_rng(request.config.stash[GRADING].seed("lesson"))
    chosen = torch.from_numpy(rng.choice(len(photos), 8, replace=False))
    return Lesson(photos.normalize(photos.images[chosen]), photos.labels[chosen])


def assert_learns(
    student: Student,
    model: RemoteModule,
    pretrained: State,
    lesson: Lesson,
    measured: Callable[..., None],
    lora: bool = False,
) -> tuple[State, float, float]:
    """Check that a step of the handout's SGD lowers the loss, which a process without student code measures.

    Returns:
        The parameters afterwards by torchvision's names, and the loss before and after.
    """

    batch = lesson.images, lesson.labels

    def effective() -> State:
        state = found_state(model, pretrained, without_classifier=lora)
        if lora:
            weight, bias = layer_map(student, classifier(model))
            state["fc.weight"] = torch.from_numpy(weight.astype(np.float32))
            state["fc.bias"] = torch.from_numpy(bias.astype(np.float32))
        return state

    student.run(worker_functions.train_steps, model, student.run(worker_functions.sgd, model, 0.01), *batch, 1)
    after = effective()
    clean = student.clean()
    if lesson.loss is None:
        lesson.loss = float(clean.run(worker_functions.resnet18_loss, pretrained, *batch))
    before = lesson.loss  # 4.1b, 4.1e and 4.1f check that the model began with this loss
    loss = float(clean.run(worker_functions.resnet18_loss, after, *batch))
    clean.close()  # frees its memory, because a container has little
    measured("share of the loss that is left", loss / before, 1, rises=False)
    assert_true(
        loss < before,
        f"After a step of SGD on 8 images the loss is {loss:.4f}, before them it was {before:.4f}.",
        "some parameters have to be trainable, the classifier's among them.",
    )
    return after, before, loss


def share(after: State, pretrained: State) -> str:
    """Say how many of the network's parameters changed."""
    moved = sum(int((after[name] != value).sum()) for name, value in pretrained.items() if is_parameter(name))
    return f"{moved:,} of {RESNET18_PARAMETERS:,} parameters ({moved / RESNET18_PARAMETERS:.1%}) moved"


@weight(2)
@number("4.2a")
@needs("4.1b")
def test_the_whole_network_learns(student, pretrained, lesson, note, measured):
    """A step on real images lowers the loss of pt_net, and every layer moves."""
    model = as_module(student.finetuning.load_pretrained(), "load_pretrained()")
    after, before, loss = assert_learns(student, model, pretrained, lesson, measured)
    still = [n for n, value in pretrained.items() if is_parameter(n) and is_same(after[n], value)]
    assert_true(not still, f"{len(still)} parameters did not move, for example {still[0] if still else ''}.")
    note(f"The loss fell from {before:.2f} to {loss:.2f}; {share(after, pretrained)}.")


@weight(2)
@number("4.2b")
@needs("4.1d")
def test_the_frozen_network_learns(student, pretrained, lesson, note, measured):
    """A step on real images lowers the loss of net_freeze, and only what is not frozen moves."""
    model = changed(student.finetuning.freeze_early_layers, resnet18(student), "freeze_early_layers")
    after, before, loss = assert_learns(student, model, pretrained, lesson, measured)
    assert_some_stay(after, pretrained)
    note(f"The loss fell from {before:.2f} to {loss:.2f}; {share(after, pretrained)}.")


@weight(2)
@number("4.2c")
@needs("4.1b", "4.1d", "4.1g")
def test_the_frozen_network_with_lora_learns(student, pretrained, lesson, note, measured):
    """A step lowers the loss of net_freeze_lora; frozen layers don't move, and the classifier moves by B·A."""
    model = as_module(student.finetuning.load_pretrained(), "load_pretrained()")
    model = changed(student.finetuning.freeze_early_layers, model, "freeze_early_layers")
    model = changed(student.finetuning.add_lora_classifier, model, "add_lora_classifier")
    count = parameter_count(model, trained=True)
    after, before, loss = assert_learns(student, model, pretrained, lesson, measured, lora=True)
    assert_some_stay(after, pretrained)
    change = (after["fc.weight"] - pretrained["fc.weight"]).double().numpy()
    assert_true(
        rank_of(change, after["fc.weight"].numpy()) <= DEFAULT_RANK,
        "The classifier's weight changed by a matrix of a higher rank than 10.",
        "add_lora_classifier has to work on a frozen model too.",
    )
    total = parameter_count(model)
    note(f"The loss fell from {before:.2f} to {loss:.2f}; {count:,} of {total:,} numbers are trainable.")


def assert_some_stay(after: State, pretrained: State) -> None:
    """Some convolution among the first layers has not moved."""
    early = [n for n, value in pretrained.items() if value.ndim == 4 and n.startswith(("conv1", "layer1"))]
    assert_true(
        any(is_same(after[name], pretrained[name]) for name in early),
        "Every convolution of conv1 and layer1 moved.",
        "freeze_early_layers has to freeze some of them, also where another function changes the model later.",
    )
