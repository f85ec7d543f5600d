"""Shared checks of part 3: networks of sparse layers with drawn weights, and the effects of a pruning call.

A *unit* is what is pruned: a filter in part 3.3, a single weight in part 3.4. A unit is off if its weights in use, mask
× ``_weight``, are 0. So it doesn't matter how the mask is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from grader import worker_functions
from harness.checks import as_array, as_module, as_number, as_numbers, assert_set, assert_true, fail, is_same
from harness.gradebook import Panel, Picture
from harness.host.proxies import RemoteModule, Student

#: Layers as (in channels, out channels, kernel size, stride). A tenth of their filters is a whole number.
SMALL: tuple[tuple[int, int, int, int], ...] = ((3, 10, 3, 1), (10, 20, 3, 1), (20, 30, 1, 1))
#: Layers with ConvNet's numbers of filters, but few weights.
FILTERS: tuple[tuple[int, int, int, int], ...] = ((3, 32, 3, 1), (32, 64, 1, 1), (64, 128, 1, 1), (128, 256, 1, 1))


@dataclass(frozen=True)
class Kind:
    """Structured or unstructured pruning."""

    function: str
    single_weights: bool
    unit: str

    def scores(self, weight: Tensor) -> np.ndarray:
        """Return the score of each unit, (units,) float64. The units with the smallest scores must be switched off."""
        magnitudes = np.abs(weight.numpy().astype(np.float64))
        return magnitudes.ravel() if self.single_weights else magnitudes.reshape(len(magnitudes), -1).sum(1)

    def sums(self, weight: Tensor) -> np.ndarray:
        """Return the scores without absolute values, which is a common mistake."""
        values = weight.numpy().astype(np.float64)
        return values.ravel() if self.single_weights else values.reshape(len(values), -1).sum(1)

    def off(self, weight: Tensor) -> np.ndarray:
        """Return which units are off, (units,) bool."""
        return np.asarray(self.scores(weight) == 0)

    def prune(self, student: Student, net: RemoteModule, fraction: float) -> None:
        """Call the student's function once."""
        getattr(student.pruning, self.function)(net, fraction)


FILTERS_OFF = Kind("filter_l1_pruning", single_weights=False, unit="filters")
WEIGHTS_OFF = Kind("unstructured_pruning", single_weights=True, unit="weights")


@dataclass(frozen=True)
class Layer:
    """A sparse convolution as the worker describes it."""

    name: str
    kind: str
    shape: tuple[int, ...]
    stride: int | tuple[int, ...] | str
    padding: int | tuple[int, ...] | str
    weight: Tensor
    """The weights in use: mask × ``_weight``."""


def layers_of(student: Student, net: RemoteModule, expected: int | None = None) -> list[Layer]:
    """Return the sparse layers of a network in the worker, in order.

    Raises:
        CheckFailure: a weight has a wrong shape, or their number is not ``expected``.
    """
    layers = []
    for layer in student.run(worker_functions.sparse_layers, net, of=list[Layer]):
        weight = as_array(layer.weight, f"the weight of {layer.name}", dtype="float32")  # as_array limits the size
        if weight.shape != layer.shape:
            fail(f"The weight of {layer.name} has shape {weight.shape}, the layer's is {layer.shape}.")
        layers.append(replace(layer, weight=torch.from_numpy(weight)))
    if expected is not None and len(layers) != expected:
        fail(f"The network has {len(layers)} sparse layers, expected {expected}.")
    return layers


# ---- networks with drawn weights ---------------------------------------------------------------------------


def drawn_filters(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Tensor:
    """Draw filters whose L1 norms are ``scale`` times 1, 1.1, 1.2, …, in a random order.

    Some filters have few large weights, some have many small ones, and all have both signs. So another norm, or a sum
    with signs, gives another order.
    """
    count = shape[0]
    powers = rng.permutation(np.resize([0.3, 1.0, 4.0], count))[:, None]
    values = rng.choice([-1.0, 1.0], size=(count, int(np.prod(shape[1:])))) * rng.uniform(0.1, 1, (count, 1))
    values = values * np.abs(rng.normal(size=values.shape)) ** powers
    norms = scale * (1 + 0.1 * rng.permutation(count))[:, None]
    values *= norms / np.abs(values).sum(axis=1, keepdims=True)
    return torch.from_numpy(values.reshape(shape).astype(np.float32))


def drawn_single_weights(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Tensor:
    """Draw weights of both signs whose magnitudes all differ."""
    count = int(np.prod(shape))
    values = scale * (1 + rng.permutation(count)) / count * rng.choice([-1.0, 1.0], size=count)
    return torch.from_numpy(values.reshape(shape).astype(np.float32))


def draw_weights(student: Student, net: RemoteModule, rng: np.random.Generator, kind: Kind) -> list[Tensor]:
    """Write drawn weights into the sparse layers, each layer with larger ones than the last. Return them.

    So the smallest units of all layers together differ from the smallest units of each layer.
    """
    draw = drawn_single_weights if kind.single_weights else drawn_filters
    layers = layers_of(student, net)
    weights = [draw(rng, layer.shape, 0.1 * 3.0**index) for index, layer in enumerate(layers)]
    net.write({f"{layer.name}._weight": weight for layer, weight in zip(layers, weights, strict=True)})
    return weights


def drawn_network(
    student: Student,
    rng: np.random.Generator,
    kind: Kind,
    layers: Sequence[tuple[int, int, int, int]] = SMALL,
    nested: bool = False,
) -> tuple[RemoteModule, list[Tensor]]:
    """Make a network of the course's sparse layers in the student's worker. Return it and its weights."""
    sizes = [list(layer) for layer in layers]
    net = as_module(student.run(worker_functions.sparse_network, sizes, kind.single_weights, nested), "the net")
    return net, draw_weights(student, net, rng, kind)


# ---- the effects of a call ---------------------------------------------------------------------------------------


def assert_smallest_off(
    student: Student,
    net: RemoteModule,
    kind: Kind,
    weights: Sequence[Tensor],
    fraction: float,
    before: Sequence[np.ndarray] | None = None,
) -> list[np.ndarray]:
    """Check that a call switched off the smallest active units of each layer, ``fraction`` of all its units.

    Args:
        weights: the weights that the layers were given.
        before: the units that were off before the call, by layer; by default none.

    Returns:
        The units that are off now, layer by layer.
    """
    found = [kind.off(layer.weight) for layer in layers_of(student, net, len(weights))]
    switched_off = sum(int(off.sum()) for off in found) - sum(int(off.sum()) for off in before or ())
    right_in_all = abs(switched_off - fraction * sum(map(len, found))) < len(found)
    for index, (weight, off) in enumerate(zip(weights, found, strict=True)):
        old = np.zeros_like(off) if before is None else before[index]
        scores = kind.scores(weight)
        where = f"Sparse layer {index + 1} of {len(found)}, {len(off):,} {kind.unit}, prune_percent={fraction:g}"
        if (back := int((old & ~off).sum())) > 0:
            fail(f"{where}: {back:,} {kind.unit} that were off are on again.", STAYS_OFF)
        more = off & ~old
        # A student may use int() instead of round(), so the number may differ from the exact product by less than 1.
        if not abs(int(more.sum()) - len(off) * fraction) < 1:
            fail(
                f"{where}: {int(more.sum()):,} {'more ' if before else ''}{kind.unit} were switched off, expected "
                f"{round(len(off) * fraction):,}.",
                hint_on_count(more, old, fraction, kind, right_in_all),
            )
        candidates = np.where(old, np.inf, scores)
        right = np.zeros_like(off)
        right[np.argsort(candidates)[: int(more.sum())]] = True
        if not np.array_equal(more, right):
            wrong = int((more & ~right).sum())
            fail(
                f"{where}: {wrong:,} of the {int(more.sum()):,} {kind.unit} that were switched off are not among the "
                f"smallest{' of those that were on' if before else ''}.",
                hint_on_choice(more, old, scores, kind.sums(weight), kind),
            )
    return found


def picture_of_filters(student: Student, net: RemoteModule, weights: Sequence[Tensor]) -> Picture:
    """The L1 norms of each layer's filters, those that are off in another color."""
    panels = [
        Panel(
            f"sparse layer {index}",
            [FILTERS_OFF.scores(weight).tolist()],
            [bool(one) for one in FILTERS_OFF.off(layer.weight)],
        )
        for index, (weight, layer) in enumerate(zip(weights, layers_of(student, net), strict=False), start=1)
    ]
    return Picture("L1 norms of the filters; orange ones are off", "bars", panels, x="filter", y="L1 norm")


STAYS_OFF = "set entries of the layer's _mask to 0, where they stay 0; a _weight that is only set to 0 comes back."


def hint_on_count(more: np.ndarray, old: np.ndarray, fraction: float, kind: Kind, right_in_all: bool) -> str:
    if not more.any():
        if old.any():
            return f"each call switches off further {kind.unit}: choose among those whose mask is not 0 yet."
        return "set the mask to 0, in every layer that get_sparse_conv2d_layers(net) lists."
    if int(more.sum()) == len(more) - round(len(more) * fraction):
        return "the mask is 1 for what is kept and 0 for what is pruned."
    if not old.any() and int(more.sum()) == round(len(more) * fraction) - 1:
        return "one is missing: the last one of the smallest is switched off too, so compare with <= and not with <."
    if right_in_all and abs(int(more.sum()) - len(more) * fraction) > 1.5:
        return f"the number is right for all layers together: rank the {kind.unit} of each layer by themselves."
    if old.any():
        return f"choose among the {kind.unit} that are still on; their number is a fraction of all, not of those."
    return f"prune_percent is a fraction of the layer's {kind.unit}: 0.1 is every tenth."


def hint_on_choice(more: np.ndarray, old: np.ndarray, scores: np.ndarray, sums: np.ndarray, kind: Kind) -> str:
    count = int(more.sum())
    if set(np.flatnonzero(more)) == set(np.argsort(np.where(old, -np.inf, scores))[-count:]):
        return "these are the largest: sort ascending."
    if old.any():
        return f"in each call, rank the {kind.unit} that are still on by the weights that they have then."
    if set(np.flatnonzero(more)) == set(np.argsort(np.where(old, np.inf, sums))[:count]):
        return "take absolute values first." if kind.single_weights else "sum absolute values, not the weights as such."
    if kind.single_weights:
        return "compare |weight| within each layer by itself."
    return "a filter's L1 norm is the sum of |weight| over its input channels and kernel, dim=(1, 2, 3)."


def own_schedule(student: Student) -> tuple[list[float], float]:
    """Return the student's pruning epochs, and the fraction of each step."""
    epochs, fraction = student.pruning.PRUNE_EPOCHS, student.pruning.PRUNE_PERCENTAGE
    assert_set(epochs, "3.3", "PRUNE_EPOCHS")
    assert_set(fraction, "3.3", "PRUNE_PERCENTAGE")
    return as_numbers(student, epochs, "PRUNE_EPOCHS"), as_number(fraction, "PRUNE_PERCENTAGE")


def assert_schedule_ends_at_half(student: Student, rng: np.random.Generator, kind: Kind) -> None:
    """Check that the student's own schedule leaves about half of each layer, with weights that change between steps."""
    epochs, fraction = own_schedule(student)
    tens = (10, 20, 30, 40, 50)
    assert_true(
        sorted(epochs) in ([float(ten) for ten in tens], [ten - 1.0 for ten in tens]),
        f"PRUNE_EPOCHS are {[round(epoch, 3) for epoch in epochs]}, expected the five epochs of the handout.",
        "part 3.3 of the handout names them; each may be one less, where you count from 0.",
    )
    assert_true(
        0 < fraction < 1,
        f"PRUNE_PERCENTAGE is {fraction:g}, expected a fraction between 0 and 1.",
    )
    net, _ = drawn_network(student, rng, kind, FILTERS)
    for _ in epochs:
        kind.prune(student, net, fraction)
        draw_weights(student, net, rng, kind)
    for index, layer in enumerate(layers_of(student, net)):
        off = kind.off(layer.weight)
        expected = 5 * round(len(off) / 10)
        # Each step may differ by one unit, because a student may round down.
        assert_true(
            abs(int(off.sum()) - expected) <= 5 and not off.all(),
            f"After the {len(epochs)} steps of your schedule {int(off.sum()):,} of the {len(off):,} {kind.unit} of "
            f"layer {index + 1} are off, expected about half: {expected:,}, up to 5 more or less.",
            f"each step takes the same part of all {kind.unit}.",
        )


def assert_nothing_else_changes(student: Student, rng: np.random.Generator, kind: Kind) -> None:
    """Check that a call leaves kept weights, batch norm and the classifier alone, and that the net still works."""
    net, weights = drawn_network(student, rng, kind)
    state = net.state_dict()
    for name, value in state.items():
        if belongs_to_no_sparse_layer(name):  # as after training, so that a new layer would differ
            state[name] = value + torch.from_numpy(rng.uniform(1, 3, size=value.shape)).to(value.dtype)
    net.load_state_dict(state)
    before, parameters = net.state_dict(), net.shapes()
    kind.prune(student, net, 0.3)
    assert_true(net.get("training") is True, "After a call the network is no longer in training mode.")
    layers = layers_of(student, net, len(weights))
    for index, (weight, layer) in enumerate(zip(weights, layers, strict=True)):
        off = kind.off(layer.weight)
        assert_true(
            bool(off.any() and not off.all()),
            f"{int(off.sum()):,} of the {len(off):,} {kind.unit} of sparse layer {index + 1} are off after a call "
            "with 0.3.",
        )
        assert_kept_as_they_were(weight, layer.weight, kind, index)
    after = net.state_dict()
    new = [name for name in net.shapes() if name not in parameters]
    assert_true(
        not new,
        f"A call added the parameter {new[0] if new else ''}.",
        "the mask stays a buffer: as a parameter it is trained by the next optimizer.",
    )
    for name, value in before.items():
        assert_true(
            not belongs_to_no_sparse_layer(name) or is_same(after.get(name), value),
            f"{name} changed, which belongs to no sparse layer.",
            "change only the masks of the layers that get_sparse_conv2d_layers(net) lists.",
        )
    as_array(net(torch.zeros(2, 3, 8, 8)), "the pruned network's output for two images", shape=(2, 10))


def assert_kept_as_they_were(before: Tensor, after: Tensor, kind: Kind, index: int) -> None:
    """Check that the active units of one sparse layer still have their weights from before the call."""
    kept = ~torch.from_numpy(kind.off(after))
    assert_true(
        torch.equal(flat(after, kind)[kept], flat(before, kind)[kept]),
        f"The weights of {kind.unit} that are kept changed in sparse layer {index + 1}.",
        "a mask holds 1 for what is kept; _weight itself need not be touched.",
    )


def belongs_to_no_sparse_layer(name: str) -> bool:
    return not name.endswith(("._weight", "._mask"))


def flat(weight: Tensor, kind: Kind) -> Tensor:
    """A matrix with one row for each unit."""
    return weight.reshape(-1) if kind.single_weights else weight.reshape(len(weight), -1)


def assert_masks_stay(student: Student, rng: np.random.Generator, kind: Kind) -> None:
    """Check that pruned units stay off during optimizer steps, and in a copy made from the state_dict."""
    net, _ = drawn_network(student, rng, kind)
    # The first optimizer is made before the call, because the handout has one for all epochs.
    optimizer = student.run(worker_functions.sgd, net, 0.1)
    kind.prune(student, net, 0.3)
    before = layers_of(student, net)
    off = [kind.off(layer.weight) for layer in before]
    assert_true(
        all(one.any() and not one.all() for one in off),
        f"After a call with 0.3 none or all of the {kind.unit} are off.",
    )
    images = torch.from_numpy(rng.normal(size=(8, 3, 8, 8)).astype(np.float32))
    labels = torch.from_numpy(rng.integers(0, 10, size=8))
    student.run(worker_functions.train_steps, net, optimizer, images, labels, 3)
    trained = layers_of(student, net, len(before))
    # The second optimizer is made after the call.
    later = student.run(worker_functions.sgd, net, 0.1)
    student.run(worker_functions.train_steps, net, later, images, labels, 2)
    after = layers_of(student, net, len(before))
    for index, (old, middle, new) in enumerate(zip(before, trained, after, strict=True)):
        assert_true(
            bool(kind.off(new.weight)[off[index]].all()),
            f"After five steps of SGD {kind.unit} of sparse layer {index + 1} that were off are on again.",
            "set the entries of the layer's _mask to 0: a _weight that is only set to 0 comes back by its gradient.",
        )
        assert_true(
            not torch.equal(old.weight, middle.weight),
            f"Sparse layer {index + 1} no longer learns after a call: its weights are the same after three steps.",
            "_weight has to stay the parameter that it is: an optimizer made before the call knows no new one.",
        )
    other = student.fresh()
    copy = as_module(
        other.run(worker_functions.sparse_network, [list(layer) for layer in SMALL], kind.single_weights), "the net"
    )
    copy.load_state_dict(net.state_dict())
    for index, layer in enumerate(layers_of(other, copy, len(after))):
        assert_true(
            bool(np.array_equal(kind.off(layer.weight), kind.off(after[index].weight))),
            f"In a copy made from the state_dict other {kind.unit} of sparse layer {index + 1} are off.",
            "keep the mask in the layer's buffer _mask, which is part of its state_dict.",
        )
    kind.prune(other, copy, 0.3)
    for index, (old, new) in enumerate(zip(after, layers_of(other, copy, len(after)), strict=True)):
        before_call, after_call = kind.off(old.weight), kind.off(new.weight)
        assert_true(
            bool(after_call[before_call].all()) and int(after_call.sum()) > int(before_call.sum()),
            f"A call on a copy made from the state_dict switches off no more {kind.unit} of sparse layer {index + 1}.",
            "read what is off from the masks, and keep no other record of it.",
        )


def assert_gradients_are_zero(student: Student, rng: np.random.Generator, kind: Kind) -> None:
    """Check that pruned units get no gradient, and that active units do."""
    net, _ = drawn_network(student, rng, kind)
    kind.prune(student, net, 0.5)
    layers = layers_of(student, net)
    images = torch.from_numpy(rng.normal(size=(8, 3, 8, 8)).astype(np.float32))
    upstream = torch.from_numpy(rng.normal(size=(8, 10)).astype(np.float32))
    gradients = net.gradients(images, upstream=upstream).parameters
    for index, layer in enumerate(layers):
        off = kind.off(layer.weight)
        name = f"{layer.name}._weight"
        gradient = as_array(gradients.get(name), f"the gradient of {name}", layer.shape)
        rows = flat(torch.from_numpy(gradient), kind).numpy().reshape(len(off), -1)
        assert_true(bool(off.any()), f"A call with 0.5 left all {kind.unit} of sparse layer {index + 1} on.")
        assert_true(
            not rows[off].any(),
            f"{kind.unit.capitalize()} of sparse layer {index + 1} that are off have a gradient.",
            "the mask multiplies _weight, so that its zeros reach the gradient: set entries of _mask to 0.",
        )
        assert_true(
            bool(rows[~off].any()),
            f"The {kind.unit} of sparse layer {index + 1} that are on have no gradient.",
        )
