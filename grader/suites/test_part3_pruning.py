"""Part 3: the sparse ConvNet, and the effect of pruning on the weights that its layers use."""

from __future__ import annotations

import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight
from torch import Tensor
from torch.nn import functional

from course.models import CONVNET_LAYERS, ConvNet
from grader import worker_functions
from grader.suites import pruning_checks as checks
from grader.suites import trained_convnet
from grader.suites.pruning_checks import FILTERS_OFF, WEIGHTS_OFF, Kind
from harness.checks import (
    as_array,
    as_module,
    assert_true,
    assert_within,
    explained_by,
    fail,
    if_not_in_plain_lists,
    is_same,
    needs,
)
from harness.host.proxies import RemoteModule, Student

CONVNET_PARAMETERS = 1_212_778

#: The number of test images, and how many of these the trained ConvNet recognised, as measured: unpruned; with a random
#: tenth of each layer's filters off (the mean of 100 draws, standard deviation 22, 93 of them below 98); with half of
#: the weights off by magnitude. The images are the first ones in fixtures/.
IMAGES, WHOLE, AT_RANDOM, BY_MAGNITUDE = 200, 166, 64, 154
#: With a tenth of the filters off by L1 norm, ConvNet recognises 108; 103 if their number is rounded down, and 94 if it
#: is rounded up. The bound for a student's network is this much below the count for the same numbers of filters.
LESS_THAN_BY_L1_NORM = 10
#: The largest loss after the steps of 3.2a: half of the loss of guessing, log 10.
LEARNED = 1.15
ENOUGH_BY_MAGNITUDE = 142


def sparse_net(student: Student, single_weights: bool = False) -> RemoteModule:
    """Make the student's SparseConvNet, without an argument or with the class of unstructured sparse layers."""
    if not single_weights:
        return as_module(student.pruning.SparseConvNet(), "SparseConvNet()")
    layers = student.course.layers.UnstructuredSparseConv2d
    return as_module(
        student.pruning.SparseConvNet(conv_layer=layers), "SparseConvNet(conv_layer=UnstructuredSparseConv2d)"
    )


def assert_table(student: Student, net: RemoteModule, kind: str) -> None:
    """Check that the network's sparse layers are those of ConvNet's table."""
    found = checks.layers_of(student, net)
    if len(found) != len(CONVNET_LAYERS):
        fail(
            f"The network has {len(found)} sparse convolutions, expected {len(CONVNET_LAYERS)}.",
            if_not_in_plain_lists(net, "use course.layers.sparse_conv_block for each row of ConvNet's table."),
        )
    for index, (layer, (c_in, c_out, stride)) in enumerate(zip(found, CONVNET_LAYERS, strict=True), start=1):
        assert_true(layer.kind == kind, f"Layer {index} is a {layer.kind}, expected {kind}.", "pass conv_layer on.")
        kernel = tuple(layer.shape[2:])
        seen = f"{layer.shape[1]} → {layer.shape[0]} channels, kernel {kernel}, stride {pair(layer.stride)[0]}, "
        seen += f"padding {pair(layer.padding)[0]}"
        assert_true(
            (tuple(layer.shape), pair(layer.stride), pair(layer.padding))
            == ((c_out, c_in, 3, 3), (stride, stride), (1, 1)),
            f"Layer {index} has {seen}; expected {c_in} → {c_out} channels, kernel (3, 3), stride {stride}, padding 1.",
        )


def pair(value: object) -> tuple[object, object]:
    """Return a stride or padding as a pair for both directions."""
    return (value[0], value[1]) if isinstance(value, tuple | list) and len(value) == 2 else (value, value)


def convnet_logits(net: ConvNet, x: Tensor) -> np.ndarray:
    with torch.no_grad():
        return np.asarray(net.eval()(x))


# ---- 3.1: the network --------------------------------------------------------------------------------------


@weight(2)
@number("3.1a")
def test_layers_of_the_table(student):
    """SparseConvNet has the nine sparse layers of ConvNet's table, Linear(256, 10) and 1,212,778 parameters."""
    net = sparse_net(student)
    assert_table(student, net, "SparseConv2d")
    parameters = net.parameters()
    for name, shape in (("classifier.weight", (10, 256)), ("classifier.bias", (10,))):
        assert_true(
            name in parameters and tuple(parameters[name].shape) == shape,
            f"The network has no {name} of shape {shape}.",
            "self.classifier is nn.Linear(256, 10).",
        )
    assert_true(
        any(name.startswith("model.") for name in parameters),
        "The network has no attribute model with the nine blocks.",
    )
    count = sum(value.numel() for value in parameters.values())
    assert_true(
        count == CONVNET_PARAMETERS,
        f"The network has {count:,} parameters, expected {CONVNET_PARAMETERS:,}.",
        "nine blocks with a batch norm each, without bias in the convolutions, and the classifier.",
    )


@weight(2)
@number("3.1b")
@explained_by("3.1a")
def test_equal_to_convnet(student, convnet, photos):
    """With the weights of a trained ConvNet, SparseConvNet gives ConvNet's outputs on real images."""
    net = sparse_net(student)
    trained_convnet.transplant(student, net, convnet)
    x = photos.normalize(photos.images[:8])
    expected = convnet_logits(convnet, x)
    # Logits have size 10, and float32 keeps about 1e-5 of that through twenty layers. Other networks are off by 1.
    assert_within(
        as_array(net.eval()(x), "the output for 8 images", shape=(8, 10), dtype="float32"),
        expected,
        atol=1e-3 * float(np.abs(expected).max()),
        what="the outputs with ConvNet's weights",
        hint="sparse convolution, batch norm, ReLU, nine times in the table's order; AdaptiveAvgPool2d(1); classifier.",
    )


@weight(1)
@number("3.1c")
@explained_by("3.1a", "3.1b")
def test_class_of_the_convolutions(student, convnet, photos):
    """SparseConvNet(conv_layer=UnstructuredSparseConv2d) has nine layers of that class, and also equals ConvNet."""
    net = sparse_net(student, single_weights=True)
    assert_table(student, net, "UnstructuredSparseConv2d")
    trained_convnet.transplant(student, net, convnet)
    x = photos.normalize(photos.images[8:10])
    expected = convnet_logits(convnet, x)
    found = as_array(net.eval()(x), "the output for 2 images", shape=(2, 10))
    assert_within(found, expected, 1e-3 * float(np.abs(expected).max()), "the outputs with ConvNet's weights")
    as_array(net(x[:1]), "the output for one image", shape=(1, 10))


# ---- 3.2: training it --------------------------------------------------------------------------------------


@weight(2)
@number("3.2a")
@needs("3.1b")
def test_it_trains(student, rng, photos, measured):
    """A few steps of SGD at rate 0.1 on real images lower the loss, which the grader measures itself."""
    net = sparse_net(student)
    chosen = torch.from_numpy(rng.choice(len(photos), 8, replace=False))
    images, labels = photos.normalize(photos.images[chosen]), photos.labels[chosen]
    hint = "every layer has to pass gradients on: parameters are registered, and no .detach() or .data is in forward."
    parameters, before = net.parameters(), loss_of(student, net, images, labels)
    student.run(worker_functions.train_steps, net, student.run(worker_functions.sgd, net, 0.1), images, labels, 6)
    moved, after = net.parameters(), loss_of(student, net, images, labels)
    still = [name for name, value in parameters.items() if is_same(moved.get(name), value)]
    assert_true(
        not still,
        f"After six steps {len(still)} of {len(parameters)} parameters are as they were, for example "
        f"{still[0] if still else ''}.",
        hint,
    )
    # The reference's loss falls from 2.1 to 2.4 down to at most 0.4 (12 seeds). Guessing among ten classes has log 10.
    measured("fall of the loss", before - after, 1)
    measured("loss after six steps", after, LEARNED, rises=False)
    assert_true(
        after < min(before - 1, LEARNED),
        f"After six steps on 8 images the loss is {after:.2f}, before them it was {before:.2f}.",
        hint,
    )


def loss_of(student: Student, net: RemoteModule, images: Tensor, labels: Tensor) -> float:
    """Return the cross entropy of ConvNet with the network's weights, in training mode."""
    own = trained_convnet.as_convnet(student, net).train()
    with torch.no_grad():
        return float(functional.cross_entropy(own(images), labels))


# ---- 3.3 and 3.4: accuracy after pruning -------------------------------------------------------------------


def pruned_weights(student: Student, convnet: ConvNet, kind: Kind, fraction: float) -> list[Tensor]:
    """Prune the trained ConvNet with the student's function. Check the share that is off, and return the weights."""
    originals = [one.weight.detach() for one in convnet.modules() if isinstance(one, torch.nn.Conv2d)]
    net = trained_convnet.sparse_convnet(student, convnet, kind)
    kind.prune(student, net, fraction)
    weights = [layer.weight for layer in checks.layers_of(student, net, len(CONVNET_LAYERS))]
    for index, (one, original) in enumerate(zip(weights, originals, strict=True)):
        off = kind.off(one)
        assert_true(
            abs(int(off.sum()) - fraction * len(off)) <= 1,
            f"{int(off.sum()):,} of the {len(off):,} {kind.unit} of layer {index + 1} are off after a call with "
            f"{fraction:g}, expected {round(fraction * len(off)):,}.",
        )
        checks.assert_kept_as_they_were(original, one, kind, index)
    return weights


def without_smallest_filters(convnet: ConvNet, numbers: list[int]) -> list[Tensor]:
    """Return the convolutions' weights with the given number of smallest filters of each layer set to 0."""
    convolutions = [one.weight.detach().clone() for one in convnet.modules() if isinstance(one, torch.nn.Conv2d)]
    for one, number_off in zip(convolutions, numbers, strict=True):
        one[torch.from_numpy(np.argsort(FILTERS_OFF.scores(one))[:number_off])] = 0
    return convolutions


# ---- 3.3: filters ------------------------------------------------------------------------------------------


@weight(3)
@number("3.3a")
def test_filters_one_call(student, rng, show):
    """One call on fresh masks switches off exactly the tenth of each layer's filters with the smallest L1 norm."""
    net, weights = checks.drawn_network(student, rng, FILTERS_OFF)
    FILTERS_OFF.prune(student, net, 0.1)
    show(checks.picture_of_filters(student, net, weights))
    checks.assert_smallest_off(student, net, FILTERS_OFF, weights, 0.1)


@weight(1)
@number("3.3b")
@explained_by("3.3a")
def test_filters_other_fractions(student, rng):
    """With other fractions and layers, the number follows the argument and each layer's number of filters."""
    for fraction in (0.2, 0.5):
        net, weights = checks.drawn_network(student, rng, FILTERS_OFF, ((3, 40, 1, 1), (40, 10, 3, 1)), nested=True)
        FILTERS_OFF.prune(student, net, fraction)
        checks.assert_smallest_off(student, net, FILTERS_OFF, weights, fraction)


@weight(2)
@number("3.3c")
def test_filters_nothing_else_changes(student, rng):
    """A call leaves kept filters, batch norm and the last linear layer as they were, and the network works."""
    checks.assert_nothing_else_changes(student, rng, FILTERS_OFF)


@weight(3)
@number("3.3d")
@needs("3.3a")
def test_filters_further_calls(student, rng):
    """Further calls switch off further filters, the smallest of those still on, also when weights have changed."""
    net, weights = checks.drawn_network(student, rng, FILTERS_OFF)
    off = None
    for _ in range(3):
        FILTERS_OFF.prune(student, net, 0.2)
        off = checks.assert_smallest_off(student, net, FILTERS_OFF, weights, 0.2, off)
        weights = checks.draw_weights(student, net, rng, FILTERS_OFF)


@weight(2)
@number("3.3e")
@explained_by("3.3a", "3.3d")
def test_filters_own_schedule(student, rng):
    """PRUNE_EPOCHS steps of PRUNE_PERCENTAGE leave about half of each layer's filters."""
    checks.assert_schedule_ends_at_half(student, rng, FILTERS_OFF)


@weight(2)
@number("3.3f")
@explained_by("3.3a")
def test_filters_stay_off(student, rng):
    """Filters that are off stay off through steps of SGD, and in a copy made from the state_dict."""
    checks.assert_masks_stay(student, rng, FILTERS_OFF)


@weight(1)
@number("3.3g")
@explained_by("3.3a")
def test_filters_gradients(student, rng):
    """Filters that are off have no gradient; those that are on have one."""
    checks.assert_gradients_are_zero(student, rng, FILTERS_OFF)


@weight(2)
@number("3.3h")
@explained_by("3.3a", "3.3e")
def test_filters_accuracy(student, convnet, photos, note, measured):
    """A trained ConvNet whose filters you prune recognises more real images than one that is pruned at random."""
    own = pruned_weights(student, convnet, FILTERS_OFF, 0.1)
    numbers = [int(FILTERS_OFF.off(one).sum()) for one in own]
    found, by_l1_norm = (
        trained_convnet.recognised(trained_convnet.with_weights(convnet, weights), photos, IMAGES)
        for weights in (own, without_smallest_filters(convnet, numbers))
    )
    measured("images recognised", found, by_l1_norm - LESS_THAN_BY_L1_NORM)
    assert_true(
        found >= by_l1_norm - LESS_THAN_BY_L1_NORM,
        f"With a tenth of the filters off, the network recognises {found} of {IMAGES} images. With the filters of "
        f"the smallest L1 norm off it recognises {by_l1_norm}, with random ones {AT_RANDOM} on average.",
        "switch off the filters with the smallest L1 norm, of each layer by itself.",
    )
    note(f"With a tenth of the filters off, {found} of {IMAGES} images are recognised; before it was {WHOLE}.")


# ---- 3.4: single weights -----------------------------------------------------------------------------------


@weight(3)
@number("3.4a")
def test_weights_one_call(student, rng):
    """One call on fresh masks switches off exactly the tenth of each layer's weights of the smallest magnitude."""
    net, weights = checks.drawn_network(student, rng, WEIGHTS_OFF)
    WEIGHTS_OFF.prune(student, net, 0.1)
    checks.assert_smallest_off(student, net, WEIGHTS_OFF, weights, 0.1)


@weight(1)
@number("3.4b")
@explained_by("3.4a")
def test_weights_other_fractions(student, rng):
    """With other fractions and layers, the number follows the argument and each layer's number of weights."""
    for fraction in (0.2, 0.5):
        net, weights = checks.drawn_network(student, rng, WEIGHTS_OFF, ((3, 40, 1, 1), (40, 10, 3, 1)), nested=True)
        WEIGHTS_OFF.prune(student, net, fraction)
        checks.assert_smallest_off(student, net, WEIGHTS_OFF, weights, fraction)


@weight(2)
@number("3.4c")
def test_weights_nothing_else_changes(student, rng):
    """A call leaves kept weights, batch norm and the last linear layer as they were, and the network works."""
    checks.assert_nothing_else_changes(student, rng, WEIGHTS_OFF)


@weight(3)
@number("3.4d")
@needs("3.4a")
def test_weights_further_calls(student, rng):
    """Further calls switch off further weights, the smallest of those still on, also when weights have changed."""
    net, weights = checks.drawn_network(student, rng, WEIGHTS_OFF)
    off = None
    for _ in range(3):
        WEIGHTS_OFF.prune(student, net, 0.2)
        off = checks.assert_smallest_off(student, net, WEIGHTS_OFF, weights, 0.2, off)
        weights = checks.draw_weights(student, net, rng, WEIGHTS_OFF)


@weight(2)
@number("3.4e")
@explained_by("3.4a", "3.4d")
def test_weights_own_schedule(student, rng):
    """PRUNE_EPOCHS steps of PRUNE_PERCENTAGE leave about half of each layer's weights."""
    checks.assert_schedule_ends_at_half(student, rng, WEIGHTS_OFF)


@weight(2)
@number("3.4f")
@explained_by("3.4a")
def test_weights_stay_off(student, rng):
    """Weights that are off stay off through steps of SGD, and in a copy made from the state_dict."""
    checks.assert_masks_stay(student, rng, WEIGHTS_OFF)


@weight(1)
@number("3.4g")
@explained_by("3.4a")
def test_weights_gradients(student, rng):
    """Weights that are off have no gradient; those that are on have one."""
    checks.assert_gradients_are_zero(student, rng, WEIGHTS_OFF)


@weight(2)
@number("3.4h")
@explained_by("3.4a", "3.4e")
def test_weights_accuracy(student, convnet, photos, note, measured):
    """A trained ConvNet keeps most of its accuracy when you switch off half of its single weights."""
    own = pruned_weights(student, convnet, WEIGHTS_OFF, 0.5)
    found = trained_convnet.recognised(trained_convnet.with_weights(convnet, own), photos, IMAGES)
    measured("images recognised", found, ENOUGH_BY_MAGNITUDE)
    assert_true(
        found >= ENOUGH_BY_MAGNITUDE,
        f"With half of the weights off, the network recognises {found} of {IMAGES} images; before it was {WHOLE}, with "
        f"the weights of the smallest magnitude off it is {BY_MAGNITUDE}.",
        "switch off the weights of the smallest magnitude, of each layer by itself.",
    )
    note(f"With half of the weights off, {found} of {IMAGES} images are recognised; before it was {WHOLE}.")
