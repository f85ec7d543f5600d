"""Part 6: the depthwise separable convolution, compared with the course's layer in float64.

k is the kernels' size W_H. Drawn weights are written into the student's parameters.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import leaderboard, number, partial_credit, tags, weight
from torch import Tensor
from torch.nn import Parameter, functional

from course.layers import DepthwiseSeparableConvolutionSolution
from course.models import ConvNet
from grader import worker_functions
from harness.checks import (
    CheckFailure,
    as_array,
    as_module,
    assert_true,
    assert_within,
    explained_by,
    fail,
    is_same,
)
from harness.host.failures import StudentError
from harness.host.proxies import RemoteModule, Student
from harness.reports.text import counted

Kernels = list[Tensor]
DRAWN = "draw the first weights at random, as nn.Conv2d does."
OLD_KERNELS = "the output is the same with other kernels: read self.kernel_weights in forward each time, and no copy."
READ_THEM = "read self.kernel_weights and self.one_d_conv_weight in forward, each time."


def draw(rng: np.random.Generator, *shape: int) -> Tensor:
    """Draw a tensor of normally distributed float32 numbers."""
    return torch.from_numpy(rng.normal(size=shape).astype(np.float32))


def drawn_weights(rng: np.random.Generator, C_in: int, C_out: int, k: int) -> tuple[Kernels, Tensor]:
    """Draw a (k, k) kernel for each input channel, and the 1×1 weights, (C_out, C_in, 1, 1)."""
    return [draw(rng, k, k) for _ in range(C_in)], draw(rng, C_out, C_in, 1, 1)


def reference(kernels: Kernels, pointwise: Tensor) -> DepthwiseSeparableConvolutionSolution:
    """Make the course's layer with these weights in float64."""
    C_out, C_in = pointwise.shape[:2]
    layer = DepthwiseSeparableConvolutionSolution(C_in, C_out, kernels[0].shape[-1]).double()
    with torch.no_grad():
        layer.depthwise.weight.copy_(torch.stack(kernels)[:, None])
        layer.pointwise.weight.copy_(pointwise)
    return layer


def student_layer(student: Student, C_in: int, C_out: int, k: int) -> RemoteModule:
    made = student.depthwise.DepthwiseSeparableConvolution(C_in, C_out, k)
    return as_module(made, f"DepthwiseSeparableConvolution({C_in}, {C_out}, {k})")


def filled_layer(student: Student, kernels: Kernels, pointwise: Tensor) -> RemoteModule:
    """Make the student's layer, and write these values into its parameters."""
    C_out, C_in = pointwise.shape[:2]
    layer = student_layer(student, C_in, C_out, kernels[0].shape[-1])
    layer.fill(kernel_weights=kernels, one_d_conv_weight=pointwise)
    return layer


def assert_same_output(found: Any, x: Tensor, kernels: Kernels, pointwise: Tensor, hint: str = "") -> None:
    """Check that an output equals the reference's up to the rounding of float32 sums.

    A sum of n products in float32 is off by at most n · 2^-24 times the sum of their magnitudes, in any order (Higham,
    Accuracy and Stability of Numerical Algorithms, section 4.2). The sum of magnitudes is the layer's output for
    absolute values. The factor 4 leaves room for other algorithms, such as matrix products.
    """
    with torch.no_grad():
        expected = reference(kernels, pointwise)(x.double())
        magnitude = reference([kernel.abs() for kernel in kernels], pointwise.abs())(x.double().abs())
    C_in, k = len(kernels), kernels[0].shape[-1]
    what = f"output for {C_in} → {pointwise.shape[0]} channels, {k}×{k} kernels, images {x.shape[2]}×{x.shape[3]}"
    values = as_array(found, f"the {what}", shape=tuple(expected.shape), dtype="float32")
    bound = 4 * (k * k + C_in) * 2**-24 * magnitude.numpy() + 1e-12
    assert_within(values, expected.numpy(), atol=bound, what=what, hint=hint)


def assert_right_output(student: Student, rng: np.random.Generator, C_in: int, C_out: int, k: int, *size: int) -> None:
    """Check the student's layer with drawn weights on drawn images; ``size`` is (N, H, W)."""
    kernels, pointwise = drawn_weights(rng, C_in, C_out, k)
    batch, height, width = size
    x = draw(rng, batch, C_in, height, width)
    hint = (
        "the image keeps its size: ⌊k/2⌋ zeros on the left and on top, k − 1 − ⌊k/2⌋ on the right and below."
        if k % 2 == 0
        else "channel i is convolved with kernel i, not flipped; then one_d_conv_weight[o, i] mixes the channels."
    )
    layer = filled_layer(student, kernels, pointwise)
    with naming_old_kernels(layer, x, kernels):
        assert_same_output(layer(x), x, kernels, pointwise, hint)


@contextmanager
def naming_old_kernels(layer: RemoteModule, x: Tensor, kernels: Kernels) -> Iterator[None]:
    """Replace the hint of a failed check if the layer's output doesn't depend on its new kernels."""
    try:
        yield
    except CheckFailure as failure:
        with suppress(StudentError):
            before = layer(x)
            layer.fill(kernel_weights=[kernel + 1 for kernel in kernels])
            if isinstance(before, Tensor) and is_same(layer(x), before):
                failure.hint = OLD_KERNELS
        raise


def assert_mixes_channels(student: Student, rng: np.random.Generator) -> None:
    """Check that the layer is correct with 1×1 kernels, where padding and flipping don't matter.

    Checks of gradients, replaced weights and groups mean nothing for a layer that computes something else.
    """
    kernels, pointwise = drawn_weights(rng, 3, 4, 1)
    x = draw(rng, 2, 3, 5, 5)
    assert_same_output(filled_layer(student, kernels, pointwise)(x), x, kernels, pointwise)


# ---- 6.1: the layer ----------------------------------------------------------------------------------------


@weight(2)
@number("6.1a")
def test_the_example_of_two_channels(student, rng):
    """The layer reproduces the handout's example of two channels and 2×2 kernels."""
    kernels = [torch.full((2, 2), 1.0), torch.full((2, 2), 2.0)]
    pointwise = torch.tensor([[2.0, 3.0], [4.0, 5.0]]).reshape(2, 2, 1, 1)
    x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[4.0, 5.0], [5.0, 6.0]]]])
    factor = int(rng.integers(2, 9))  # the layer is linear, so the example's answer is multiplied too
    layer = filled_layer(student, kernels, pointwise)
    values = (
        as_array(layer(factor * x), "the output", shape=(1, 2, 2, 2), dtype="float32").astype(np.float64)[0] / factor
    )
    expected = [[[26, 60], [62, 140]], [[44, 102], [106, 240]]]
    with naming_old_kernels(layer, x, kernels):
        assert_true(
            bool(np.allclose(values, expected, rtol=1e-5)),
            f"The output is {np.round(values, 2).tolist()}, expected {expected} (the image was {factor} times as "
            "bright).",
            "for 2×2 kernels there is one row of zeros on top and one column on the left, and none elsewhere.",
        )


@weight(4)
@number("6.1b")
def test_odd_kernels(student, rng):
    """With random 3×3 and 5×5 kernels the output is that of the course's layer."""
    assert_right_output(student, rng, 3, 5, 3, 2, 8, 8)
    assert_right_output(student, rng, 4, 2, 5, 2, 9, 9)


@weight(3)
@number("6.1c")
@explained_by("6.1b")
def test_even_kernels(student, rng):
    """With random 2×2 and 4×4 kernels the output is that of the course's layer: the padding is on the right sides."""
    assert_right_output(student, rng, 3, 4, 2, 2, 8, 8)
    assert_right_output(student, rng, 2, 5, 4, 2, 9, 9)


def time_ratio(student: Student) -> float:
    """Return the ratio of median seconds of the student's layer and the provided one, which run in turns."""
    clean, sizes, x = student.clean(), (16, 32, 3), torch.ones(8, 16, 32, 32)
    layers = (
        (student, student.depthwise.DepthwiseSeparableConvolution(*sizes)),
        (clean, clean.course.layers.DepthwiseSeparableConvolutionSolution(*sizes)),
    )
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(5):
        for (worker, layer), times in zip(layers, seconds, strict=True):
            start = time.perf_counter()
            worker.run(worker_functions.forward_often, layer, x, 4)
            times.append(time.perf_counter() - start)
    return statistics.median(seconds[0]) / statistics.median(seconds[1])


@leaderboard("Depthwise layer: time against the provided one", "asc")
@weight(2)
@number("6.1d")
@explained_by("6.1b")
def test_other_images(student, rng, set_leaderboard_value=None):
    """Non-square images, larger batches, one channel, 1×1 kernels, and images smaller than the kernels work too."""
    assert_right_output(student, rng, 3, 4, 3, 7, 6, 11)
    assert_right_output(student, rng, 1, 3, 3, 1, 5, 4)
    assert_right_output(student, rng, 2, 3, 1, 2, 6, 5)
    assert_right_output(student, rng, 2, 2, 5, 1, 3, 2)
    if set_leaderboard_value is not None:
        with suppress(StudentError):  # the time costs no points
            set_leaderboard_value(round(time_ratio(student), 2))


@partial_credit(3)
@number("6.1e")
def test_parameters(student, rng, set_score=None):
    """C_in kernels of k×k and a 1×1 weight are registered: C_in·k² + C_in·C_out numbers, drawn at random."""
    # C_in · C_out is never k², because the number of elements distinguishes a kernel from the 1×1 weight.
    C_in, C_out, k = int(rng.integers(2, 6)), int(rng.integers(6, 10)), int(rng.choice([3, 5]))
    layer = student_layer(student, C_in, C_out, k)
    parameters = layer.parameters()
    count = sum(value.numel() for value in parameters.values())
    expected = C_in * k * k + C_in * C_out
    assert_true(
        count == expected,
        f"For C_in={C_in}, C_out={C_out}, W_H={k} there are {count} registered parameters in "
        f"{counted(len(parameters), 'tensor')} ({', '.join(parameters) or 'none'}), expected {expected}.",
        "a Parameter in a plain list is not registered: use register_parameter(f'k_{i}', …); there is no bias.",
    )
    kernels = [value for value in parameters.values() if value.numel() == k * k]
    assert_true(
        len(kernels) == C_in,
        f"There are {len(kernels)} parameters of {k}×{k}, expected {C_in}, one for each channel.",
    )
    assert_true(
        all(not is_same(kernels[0].reshape(other.shape), other) for other in kernels[1:]),
        "Two kernels of a new layer are the same: channels that start equal stay equal.",
        DRAWN,
    )
    pointwise = [tuple(value.shape) for value in parameters.values() if value.numel() == C_in * C_out]
    assert_true(
        (C_out, C_in, 1, 1) in pointwise,
        f"No parameter has the shape ({C_out}, {C_in}, 1, 1) of one_d_conv_weight.",
    )
    assert_true(
        bool(as_array(layer(draw(rng, 1, C_in, 8, 8)), "the output").any()),
        "A new layer's output is 0 everywhere, and so is every gradient: it can't learn.",
        DRAWN,
    )
    again = student_layer(student, C_in, C_out, k).parameters()
    for name, value in parameters.items():
        assert_true(
            not bool((value == value.flatten()[0]).all()),
            f"All numbers of {name} are the same in a new layer: channels that start equal stay equal.",
            DRAWN,
        )
        assert_true(not is_same(again.get(name), value), f"{name} is the same in two new layers.", DRAWN)
    set_score(2)
    names = [f"k_{index}" for index in range(C_in)]
    registered = layer.state_dict()  # which has all names of a parameter with two
    given = [name for name, value in parameters.items() if value.numel() == k * k]
    assert_true(
        all(name in registered for name in names),
        f"The kernels are registered as {', '.join(given)}, expected {', '.join(names)}.",
        "use register_parameter(f'k_{i}', …), with i from 0.",
    )
    set_score(3)


@weight(3)
@number("6.1f")
def test_gradients(student, rng):
    """Gradients reach every kernel, the 1×1 weight and the input, with the right values."""
    assert_mixes_channels(student, rng)
    C_in, C_out, k = 3, 5, 2
    (kernels, pointwise), (other_kernels, other_pointwise) = (drawn_weights(rng, C_in, C_out, k) for _ in range(2))
    x, other_x = draw(rng, 2, C_in, 6, 7), draw(rng, 2, C_in, 6, 7)
    layer = filled_layer(student, kernels, pointwise)
    output = as_array(layer(x), "the output")
    upstream = draw(rng, *output.shape)
    found = layer.gradients(x, upstream=upstream)

    arrived = [value for value in found.parameters.values() if value is not None]
    if missing := [name for name, value in found.parameters.items() if value is None]:
        fail(
            f"No gradient reaches {', '.join(missing)}.",
            "compute with the parameters themselves: .data, .detach() and torch.tensor(…) cut the graph.",
        )
    of_kernels = [value for value in arrived if value.numel() == k * k]
    of_pointwise = [value for value in arrived if value.numel() == C_in * C_out]
    assert_true(
        len(of_kernels) == C_in and len(of_pointwise) == 1,
        f"Gradients reach {len(of_kernels)} registered kernels, expected {C_in}, and {len(of_pointwise)} 1×1 weights.",
        "a Parameter in a plain list is not registered: use register_parameter(f'k_{i}', …).",
    )

    # The layer is linear in the kernels, in the 1×1 weight and in the input, if the other two are fixed. So Σ output ·
    # upstream, with other values for one of them, is exactly Σ gradient · other values. This compares the layer with
    # itself, because a wrong output has lost its points in other tests.
    zeros = [torch.zeros(k, k)] * C_in
    changes = {
        "the kernels": (filled_layer(student, other_kernels, pointwise), filled_layer(student, zeros, pointwise), x),
        "one_d_conv_weight": (
            filled_layer(student, kernels, other_pointwise),
            filled_layer(student, kernels, torch.zeros_like(pointwise)),
            x,
        ),
        "the input": (layer, filled_layer(student, kernels, torch.zeros_like(pointwise)), other_x),
    }
    if found.inputs[0] is None:
        fail("No gradient reaches the input, so layers before this one can't learn.", "don't detach x or use x.data.")
    products = {
        "the kernels": sum(inner(value, other) for value, other in zip(of_kernels, other_kernels, strict=True)),
        "one_d_conv_weight": inner(of_pointwise[0], other_pointwise),
        "the input": inner(found.inputs[0], other_x),
    }
    for what, (changed, zero, images) in changes.items():
        change = inner(changed(images), upstream) - inner(zero(images), upstream)
        # These are sums of some 5,000 float32 products of size 1. A wrong gradient is off by about their deviation, 70.
        assert_true(
            abs(products[what] - change) <= 0.05,
            f"The gradient of {what} predicts a change of {products[what]:.3f}, the layer changes by {change:.3f}.",
            "let autograd see the whole computation.",
        )


def inner(one: Any, other: Tensor) -> float:
    """Return the inner product of two tensors with equal numbers of elements, in float64."""
    values = as_array(one, "a gradient or output").astype(np.float64)
    assert_true(values.size == other.numel(), f"There are {values.size:,} values, expected {other.numel():,}.")
    return float(np.dot(values.ravel(), other.numpy().astype(np.float64).ravel()))


@weight(3)
@number("6.1g")
def test_replaced_weights_are_used(student, rng):
    """After kernel_weights and one_d_conv_weight are replaced by new ones, the forward pass uses those."""
    assert_mixes_channels(student, rng)
    C_in, C_out, k = 3, 4, 3
    x = draw(rng, 2, C_in, 7, 7)
    layer = student_layer(student, C_in, C_out, k)
    for mode in (layer.train, layer.eval):
        before = as_array(mode()(x), "the output")  # the layer must not use values again that it caches here
        kernels, pointwise = drawn_weights(rng, C_in, C_out, k)
        layer.replace(kernel_weights=[Parameter(kernel) for kernel in kernels], one_d_conv_weight=Parameter(pointwise))
        # Other tests check the output for given weights. Here a second layer with the same weights gives it.
        expected = as_array(filled_layer(student, kernels, pointwise)(x), "the output of a layer with written weights")
        after = as_array(layer(x), "the output after the replacement", shape=expected.shape)
        assert_true(
            not np.array_equal(before, after), "The output is the same before and after the replacement.", READ_THEM
        )
        assert_within(
            after,
            expected,
            atol=1e-3,
            what="the output after the replacement, against a layer with the same values written in place",
            hint=READ_THEM,
        )


@tags("forbidden")
@weight(2)
@number("6.1h")
def test_no_grouped_convolution(student, rng):
    """No convolution uses groups: neither in the source nor among the operators that run."""
    if lines := student.keywords("depthwise", "groups"):
        fail(f"depthwise.py passes groups on line {lines[0]}.", "convolve each channel by itself instead.")
    assert_mixes_channels(student, rng)
    C_in = 4
    trace = student_layer(student, C_in, 6, 3).operators(draw(rng, 1, C_in, 6, 6))
    grouped = [name for name, groups in trace if groups != 1]
    assert_true(
        not grouped,
        f"The forward pass runs a grouped convolution ({', '.join(dict.fromkeys(map(str, grouped)))}).",
        "convolve each channel by itself; the course's own layer must not be used either.",
    )


# ---- 6.2: the block ----------------------------------------------------------------------------------------


def filled_block(student: Student, rng: np.random.Generator, C_in: int, C_out: int, k: int) -> tuple[RemoteModule, Any]:
    """Make the student's block and layer with the same drawn weights, and draw the block's batch norm.

    Returns:
        The block, and a pair: the layer, and the norm's weight, bias, running mean and running variance by name.
    """
    block = as_module(student.depthwise.dw_conv_block(C_in, C_out, k), f"dw_conv_block({C_in}, {C_out}, {k})")
    kernels, pointwise = drawn_weights(rng, C_in, C_out, k)
    norm = {
        "weight": 4 * draw(rng, C_out),
        "bias": draw(rng, C_out),
        "running_mean": draw(rng, C_out),
        "running_var": draw(rng, C_out).abs() + 0.5,
    }
    parameters = block.parameters()
    buffers = {name: value for name, value in block.state_dict().items() if "running" in name}
    remaining = list(kernels)
    new: dict[str, Tensor] = {}
    written = set()
    for name, value in {**parameters, **buffers}.items():
        last = name.rpartition(".")[2]
        if value.shape == (C_out,) and last in norm:
            new[name] = norm[last]
            written.add(last)
        elif value.numel() == k * k and remaining:
            new[name] = remaining.pop(0).reshape(value.shape)
        elif value.numel() == pointwise.numel():
            new[name] = pointwise.reshape(value.shape)
            written.add("1×1 weight")
    if remaining:
        square = [value for value in parameters.values() if value.numel() not in (C_out, pointwise.numel())]
        fail(
            f"The block has {C_in - len(remaining)} registered kernels of {k}×{k}, expected {C_in}.",
            "pass kernel_size on to your DepthwiseSeparableConvolution."
            if len(square) == C_in
            else "it consists of your DepthwiseSeparableConvolution, nn.BatchNorm2d and nn.ReLU.",
        )
    of_norm = {name.rpartition(".")[2]: value for name, value in {**parameters, **buffers}.items() if value.dim() == 1}
    other = {name: len(value) for name, value in of_norm.items() if name in norm and value.shape != (C_out,)}
    if other:
        name, size = next(iter(other.items()))
        fail(
            f"The block's batch norm has {size} channels ({name} has {size} entries), expected {C_out}: it comes after "
            f"the layer {C_in} → {C_out}.",
            "it consists of your DepthwiseSeparableConvolution, nn.BatchNorm2d(out_channels) and nn.ReLU.",
        )
    if missing := {*norm, "1×1 weight"} - written:
        fail(
            f"The block has no {', '.join(sorted(missing))} for {C_in} → {C_out} channels.",
            "it consists of your DepthwiseSeparableConvolution, nn.BatchNorm2d and nn.ReLU.",
        )
    block.write(new)
    return block, (filled_layer(student, kernels, pointwise), norm)


def expected_block(x: Tensor, weights: Any, training: bool) -> np.ndarray:
    """Return ReLU(batch norm(layer(x))) with batch norm's default ε = 1e-5.

    The layer is the student's own, because a wrong layer has lost its points in 6.1.
    """
    layer, norm = weights
    out = torch.from_numpy(as_array(layer(x), "your layer's output")).double()
    mean, var, scale, shift = (norm[name].double() for name in ("running_mean", "running_var", "weight", "bias"))
    if out.ndim != 4:
        fail(f"Your layer's output has {out.ndim} dimensions, expected 4.", "start with 6.1.")
    if out.shape[1] != len(mean):
        fail(f"Your layer's output has {out.shape[1]} channels, expected {len(mean)}.", "start with 6.1.")
    return functional.relu(functional.batch_norm(out, mean, var, scale, shift, training=training)).numpy()


@weight(2)
@number("6.2a")
@explained_by("6.1a", "6.1b")
def test_block_in_training(student, rng):
    """In training the block is the layer, then batch norm over the batch, then ReLU."""
    C_in, C_out, k = 4, 6, 3
    block, weights = filled_block(student, rng, C_in, C_out, k)
    x = draw(rng, 3, C_in, 8, 8)
    expected = expected_block(x, weights, training=True)
    # Normalised values are about 4, so their rounding is far below 1e-2. The rest leaves room for ε up to 1e-3.
    assert_within(
        as_array(block.train()(x), "the block's output", shape=expected.shape),
        expected,
        atol=1e-2,
        what="the block's output in training",
        hint="depthwise separable convolution, nn.BatchNorm2d, nn.ReLU, in this order.",
    )


@weight(1)
@number("6.2b")
@explained_by("6.1a", "6.1b", "6.2a")
def test_block_in_evaluation(student, rng):
    """In evaluation batch norm uses its running statistics, with kernels of another size too."""
    C_in, C_out, k = 3, 7, 5
    block, weights = filled_block(student, rng, C_in, C_out, k)
    x = draw(rng, 1, C_in, 8, 8)
    expected = expected_block(x, weights, training=False)
    # Outputs are convolution sums of some 100, times 4. The rounding of float32 is below 1e-3.
    assert_within(
        as_array(block.eval()(x), "the block's output", shape=expected.shape),
        expected,
        atol=2e-2,
        what="the block's output in evaluation",
        hint="nn.BatchNorm2d keeps running statistics and uses them after eval().",
    )


@weight(1)
@number("6.2c")
@explained_by("6.1a", "6.1b")
def test_dwconvnet(student, rng, fact):
    """DWConvNet made of these blocks gives 10 logits an image and has 520,778 parameters; blocks share none."""
    net = as_module(student.course.models.DWConvNet(student.depthwise.dw_conv_block), "DWConvNet(dw_conv_block)")
    as_array(net(draw(rng, 2, 3, 32, 32)), "DWConvNet's output", shape=(2, 10), dtype="float32")
    count = sum(value.numel() for value in net.parameters().values())
    fact("parameters of DWConvNet", count)
    fact("parameters of ConvNet", sum(value.numel() for value in ConvNet().parameters()), source="verdict")
    assert_true(count == 520_778, f"DWConvNet has {count:,} registered parameters, expected 520,778.")
    one, other = (as_module(student.depthwise.dw_conv_block(4, 4), "dw_conv_block(4, 4)") for _ in range(2))
    before = other.parameters()
    one.write({name: value + 1 for name, value in one.parameters().items()})
    after = other.parameters()
    assert_true(
        all(is_same(after.get(name), value) for name, value in before.items()),
        "Two blocks of dw_conv_block(4, 4) share their parameters.",
        "make new modules in each call.",
    )
