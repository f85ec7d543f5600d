"""Part 6: the depthwise separable convolution, against the course's own layer in float64.

k is the kernels' size W_H. Weights are drawn anew and written into the student's parameters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, tags, weight
from torch import Tensor
from torch.nn import Parameter, functional

from course.layers import DepthwiseSeparableConvolutionSolution
from grader.sandbox.proxies import RemoteModule, Student
from grader.suites.checks import as_array, as_module, assert_true, assert_within, fail, needs

Kernels = list[Tensor]
BlockWeights = tuple[Kernels, Tensor, dict[str, Tensor]]
"""kernels, 1×1 weight, and batch norm's weight, bias, running mean and running variance by name"""


def draw(rng: np.random.Generator, *shape: int) -> Tensor:
    """A tensor of normally distributed float32 numbers."""
    return torch.from_numpy(rng.normal(size=shape).astype(np.float32))


def drawn_weights(rng: np.random.Generator, C_in: int, C_out: int, k: int) -> tuple[Kernels, Tensor]:
    """One kernel a channel, and the 1×1 weights."""
    return [draw(rng, k, k) for _ in range(C_in)], draw(rng, C_out, C_in, 1, 1)


def reference(kernels: Kernels, pointwise: Tensor) -> DepthwiseSeparableConvolutionSolution:
    """The course's layer with these weights, in float64."""
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
    """The student's layer with these values written into its own parameters."""
    C_out, C_in = pointwise.shape[:2]
    layer = student_layer(student, C_in, C_out, kernels[0].shape[-1])
    layer.fill(kernel_weights=kernels, one_d_conv_weight=pointwise)
    return layer


def assert_same_output(found: Any, x: Tensor, kernels: Kernels, pointwise: Tensor, hint: str = "") -> None:
    """The output is the reference's, within the rounding of float32 sums.

    A sum of n products in float32 is off by at most n · 2^-24 times the sum of their magnitudes, in any order (Higham,
    Accuracy and Stability of Numerical Algorithms, section 4.2); the magnitudes' sum is the layer's output for absolute
    values. The factor 4 leaves room for other ways to compute the same, through matrices or in two passes.
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
    """The student's layer with drawn weights does on drawn images of (N, H, W) what the reference does."""
    kernels, pointwise = drawn_weights(rng, C_in, C_out, k)
    batch, height, width = size
    x = draw(rng, batch, C_in, height, width)
    hint = (
        "the image keeps its size: ⌊k/2⌋ zeros on the left and on top, k − 1 − ⌊k/2⌋ on the right and below."
        if k % 2 == 0
        else "channel i is convolved with kernel i, not flipped; then one_d_conv_weight[o, i] mixes the channels."
    )
    assert_same_output(filled_layer(student, kernels, pointwise)(x), x, kernels, pointwise, hint)


# ---- 6.1: the layer ----------------------------------------------------------------------------------------


@weight(2)
@number("6.1a")
def test_the_example_of_the_handout(student):
    """The layer reproduces the handout's example of two channels and 2×2 kernels."""
    kernels = [torch.full((2, 2), 1.0), torch.full((2, 2), 2.0)]
    pointwise = torch.tensor([[2.0, 3.0], [4.0, 5.0]]).reshape(2, 2, 1, 1)
    x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[4.0, 5.0], [5.0, 6.0]]]])
    found = filled_layer(student, kernels, pointwise)(x)
    values = as_array(found, "the output", shape=(1, 2, 2, 2), dtype="float32")
    expected = [[[26.0, 60.0], [62.0, 140.0]], [[44.0, 102.0], [106.0, 240.0]]]
    assert_true(
        bool(np.allclose(values[0], expected, rtol=1e-5)),
        f"The output is {np.round(values[0], 3).tolist()}, expected {expected}.",
        "for 2×2 kernels there is one row of zeros on top and one column on the left, and none elsewhere.",
    )


@weight(4)
@number("6.1b")
def test_odd_kernels(student, rng):
    """With drawn 3×3 and 5×5 kernels the output is that of the course's layer."""
    assert_right_output(student, rng, 3, 5, 3, 2, 8, 8)
    assert_right_output(student, rng, 4, 2, 5, 2, 9, 9)


@weight(3)
@number("6.1c")
def test_even_kernels(student, rng):
    """With drawn 2×2 and 4×4 kernels the output is that of the course's layer, zeros on the right sides."""
    assert_right_output(student, rng, 3, 4, 2, 2, 8, 8)
    assert_right_output(student, rng, 2, 5, 4, 2, 9, 9)


@weight(2)
@number("6.1d")
def test_other_images(student, rng):
    """Non-square images, larger batches, one channel, 1×1 kernels, and images smaller than the kernels work too."""
    assert_right_output(student, rng, 3, 4, 3, 7, 6, 11)
    assert_right_output(student, rng, 1, 3, 3, 1, 5, 4)
    assert_right_output(student, rng, 2, 3, 1, 2, 6, 5)
    assert_right_output(student, rng, 2, 2, 5, 1, 3, 2)


@weight(3)
@number("6.1e")
def test_parameters(student, rng):
    """The layer has C_in kernels of k×k and a 1×1 weight, all registered: C_in·k² + C_in·C_out numbers."""
    C_in, C_out, k = int(rng.integers(2, 6)), int(rng.integers(6, 10)), int(rng.integers(3, 6))
    parameters = student_layer(student, C_in, C_out, k).parameters()
    count = sum(value.numel() for value in parameters.values())
    expected = C_in * k * k + C_in * C_out
    assert_true(
        count == expected,
        f"For C_in={C_in}, C_out={C_out}, W_H={k} there are {count} registered parameters in {len(parameters)} tensors "
        f"({', '.join(parameters) or 'none'}), expected {expected}.",
        "a Parameter in a plain list is not registered: use register_parameter(f'k_{i}', …); there is no bias.",
    )
    kernels = [value for value in parameters.values() if value.numel() == k * k]
    assert_true(
        len(kernels) == C_in,
        f"There are {len(kernels)} parameters of {k}×{k}, expected {C_in}, one a channel.",
    )
    pointwise = [tuple(value.shape) for value in parameters.values() if value.numel() == C_in * C_out]
    assert_true(
        (C_out, C_in, 1, 1) in pointwise,
        f"No parameter has the shape ({C_out}, {C_in}, 1, 1) of one_d_conv_weight.",
    )


@weight(3)
@number("6.1f")
def test_gradients(student, rng):
    """Gradients reach every kernel, the 1×1 weight and the input, with the right values."""
    C_in, C_out, k = 3, 5, 2
    kernels, pointwise = drawn_weights(rng, C_in, C_out, k)
    x, upstream = draw(rng, 2, C_in, 6, 7), draw(rng, 2, C_out, 6, 7)
    found = filled_layer(student, kernels, pointwise).gradients(x, upstream=upstream)
    layer = reference(kernels, pointwise)
    x64 = x.double().requires_grad_()
    layer(x64).backward(upstream.double())

    gradients = found.parameters
    if missing := [name for name, value in gradients.items() if value is None]:
        fail(
            f"No gradient reaches {', '.join(missing)}.",
            "compute with the parameters themselves: .data, .detach() and torch.tensor(…) cut the graph.",
        )
    of_kernels = [value for value in gradients.values() if value.numel() == k * k]
    of_pointwise = [value for value in gradients.values() if value.numel() == C_in * C_out]
    assert_true(
        len(of_kernels) == C_in and len(of_pointwise) == 1,
        f"Gradients reach {len(of_kernels)} registered kernels, expected {C_in}, and {len(of_pointwise)} 1×1 weights.",
        "a Parameter in a plain list is not registered: use register_parameter(f'k_{i}', …).",
    )
    assert x64.grad is not None
    assert layer.depthwise.weight.grad is not None
    assert layer.pointwise.weight.grad is not None
    # Sums of up to 2·6·7·5 products of numbers of about 1: their float32 rounding is far below 1e-3.
    for what, value, expected in [
        (
            "the kernels",
            torch.stack([value.reshape(k, k) for value in of_kernels]),
            layer.depthwise.weight.grad[:, 0],
        ),
        ("one_d_conv_weight", of_pointwise[0].reshape(C_out, C_in), layer.pointwise.weight.grad[..., 0, 0]),
        ("the input", found.inputs[0], x64.grad),
    ]:
        values = as_array(value, f"the gradient of {what}", shape=tuple(expected.shape))
        assert_within(values, expected.numpy(), atol=1e-3, what=f"gradient of {what}")


@weight(3)
@number("6.1g")
def test_replaced_weights_are_used(student, rng):
    """After kernel_weights and one_d_conv_weight are replaced by new ones, the forward pass uses those."""
    C_in, C_out, k = 3, 4, 3
    layer = student_layer(student, C_in, C_out, k)
    x = draw(rng, 2, C_in, 7, 7)
    layer(x)  # what a layer keeps from its first call must not be used again
    kernels, pointwise = drawn_weights(rng, C_in, C_out, k)
    layer.replace(kernel_weights=[Parameter(kernel) for kernel in kernels], one_d_conv_weight=Parameter(pointwise))
    hint = "read self.kernel_weights and self.one_d_conv_weight in forward, each time."
    assert_same_output(layer(x), x, kernels, pointwise, hint)


@tags("forbidden")
@needs("6.1b")
@weight(2)
@number("6.1h")
def test_no_grouped_convolution(student, rng):
    """No convolution uses groups: neither in the source nor among the operators that run."""
    if lines := student.keywords("depthwise", "groups"):
        fail(f"depthwise.py passes groups on line {lines[0]}.", "convolve each channel by itself instead.")
    C_in = 4
    trace = student_layer(student, C_in, 6, 3).operators(draw(rng, 1, C_in, 6, 6))
    grouped = [name for name, groups in trace if groups != 1]
    assert_true(
        not grouped,
        f"The forward pass runs a grouped convolution ({', '.join(dict.fromkeys(map(str, grouped)))}).",
        "convolve each channel by itself; the course's own layer must not be used either.",
    )


# ---- 6.2: the block ----------------------------------------------------------------------------------------


def filled_block(
    student: Student, rng: np.random.Generator, C_in: int, C_out: int, k: int
) -> tuple[RemoteModule, BlockWeights]:
    """The student's block with drawn weights and statistics, and those weights."""
    block = as_module(student.depthwise.dw_conv_block(C_in, C_out, k), f"dw_conv_block({C_in}, {C_out}, {k})")
    state = block.state_dict()
    kernels, pointwise = drawn_weights(rng, C_in, C_out, k)
    norm = {
        "weight": draw(rng, C_out),
        "bias": draw(rng, C_out),
        "running_mean": draw(rng, C_out),
        "running_var": draw(rng, C_out).abs() + 0.5,
    }
    remaining = list(kernels)
    written = set()
    for name, value in state.items():
        last = name.rpartition(".")[2]
        if value.shape == (C_out,) and last in norm:
            state[name] = norm[last]
            written.add(last)
        elif value.numel() == k * k and remaining:
            state[name] = remaining.pop(0).reshape(value.shape)
        elif value.shape == pointwise.shape:
            state[name] = pointwise
            written.add("pointwise")
    if remaining:
        fail(f"The block has {C_in - len(remaining)} kernels of {k}×{k}, expected {C_in}.")
    if missing := {*norm, "pointwise"} - written:
        fail(f"The block has no {', '.join(sorted(missing))}.", "it needs your layer and then nn.BatchNorm2d.")
    block.load_state_dict(state)
    return block, (kernels, pointwise, norm)


def expected_block(x: Tensor, weights: BlockWeights, training: bool) -> Tensor:
    """ReLU(batch norm(layer(x))) in float64, batch norm by its default ε = 1e-5."""
    kernels, pointwise, norm = weights
    with torch.no_grad():
        out = reference(kernels, pointwise)(x.double())
        mean, var = norm["running_mean"].double().clone(), norm["running_var"].double().clone()
        scale, shift = norm["weight"].double(), norm["bias"].double()
        return functional.relu(functional.batch_norm(out, mean, var, scale, shift, training=training))


@weight(2)
@number("6.2a")
def test_block_in_training(student, rng):
    """In training the block is the layer, then batch norm over the batch, then ReLU."""
    C_in, C_out, k = 4, 6, 3
    block, weights = filled_block(student, rng, C_in, C_out, k)
    x = draw(rng, 3, C_in, 8, 8)
    expected = expected_block(x, weights, training=True)
    values = as_array(block.train()(x), "the block's output", shape=tuple(expected.shape), dtype="float32")
    # Normalised values are about 1 and their rounding is far below 2e-3, which also leaves room for ε up to 1e-3.
    assert_within(
        values,
        expected.numpy(),
        atol=2e-3,
        what="the block's output in training",
        hint="depthwise separable convolution, nn.BatchNorm2d, nn.ReLU, in this order.",
    )


@weight(1)
@number("6.2b")
def test_block_in_evaluation(student, rng):
    """In evaluation batch norm uses its running statistics, so that an image's output depends on no other image."""
    C_in, C_out, k = 4, 6, 3
    block, weights = filled_block(student, rng, C_in, C_out, k)
    x = draw(rng, 1, C_in, 8, 8)
    expected = expected_block(x, weights, training=False)
    values = as_array(block.eval()(x), "the block's output", shape=tuple(expected.shape), dtype="float32")
    # Here outputs are convolution sums of up to about 50, normalised by at least 0.5: float32 keeps 1e-3 of that.
    assert_within(values, expected.numpy(), atol=2e-2, what="the block's output in evaluation")


@weight(1)
@number("6.2c")
def test_dwconvnet(student, rng):
    """DWConvNet made of these blocks gives 10 logits an image and has 520,778 parameters."""
    net = as_module(student.course.models.DWConvNet(student.depthwise.dw_conv_block), "DWConvNet(dw_conv_block)")
    as_array(net(draw(rng, 2, 3, 32, 32)), "DWConvNet's output", shape=(2, 10), dtype="float32")
    count = sum(value.numel() for value in net.parameters().values())
    assert_true(count == 520_778, f"DWConvNet has {count:,} registered parameters, expected 520,778.")
