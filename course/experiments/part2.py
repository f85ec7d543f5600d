"""Part 2: how small quantization makes MNISTNet, and how much accuracy it costs.

Both profiles use the MNISTNet in ``fixtures/``, which was trained on all of MNIST by the handout's recipe.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable

import numpy as np
from safetensors.torch import load_file
from torch import nn

from course.datasets import FIXTURES, ImageDataset
from course.experiments.experiment import Drawing, Experiment, Records
from course.experiments.lab import Lab
from course.experiments.student_code import StudentCodeError
from course.models import MNISTNet
from course.plotting import accuracy_spread, histograms
from course.trainer import evaluate

__all__ = ["EXPERIMENTS"]

BITS = (8, 4, 2)
REPETITIONS = 10


def trained(lab: Lab) -> MNISTNet:
    """Return the trained MNISTNet on the CPU, because quantization uses NumPy."""
    lab.note("MNISTNet comes from fixtures/. It was trained on all of MNIST by the handout's recipe.")
    model = MNISTNet()
    model.load_state_dict(load_file(FIXTURES / "mnistnet.safetensors"))
    return model.eval()


def digits(lab: Lab) -> ImageDataset:
    """Return MNIST's test images on the CPU."""
    return lab.images("mnist")[1].to("cpu")


def accuracy(model: object, test: ImageDataset) -> float:
    """Return the accuracy of a quantized model on the test images, in [0, 1].

    Raises:
        StudentCodeError: ``quantize_model`` returned something else than a network.
    """
    if not isinstance(model, nn.Module):
        raise StudentCodeError(
            f"quantize_model in quantization.py returned a {type(model).__name__}, expected a network"
        )
    return evaluate(model, test).accuracy


def _pair(returned: object) -> tuple[np.ndarray, object]:
    """Split what quantize returned into the codes and the extra arguments."""
    if not isinstance(returned, tuple) or len(returned) < 2 or not isinstance(returned[0], np.ndarray):
        raise StudentCodeError("quantize in quantization.py doesn't return an array of codes and the extra arguments")
    return returned[0], returned[1] if len(returned) == 2 else returned[1:]


def sizes(lab: Lab) -> None:
    """Run part 2.1: bytes and errors of MNISTNet's parameters at 8 bits."""
    quantize, dequantize = lab.code.quantization.quantize, lab.code.quantization.dequantize
    model = trained(lab)
    rows: list[list[str | int | float]] = []
    for name, parameter in model.named_parameters():
        values = parameter.detach().numpy()
        codes, args = _pair(quantize(values))
        error = np.abs(np.asarray(dequantize(codes, args), dtype=np.float64) - values)
        step = float(np.ptp(values)) / 255
        extra = len(pickle.dumps(args))
        total = codes.nbytes + extra
        rows.append([name, values.nbytes, codes.nbytes, extra, values.nbytes / total, error.mean() / step])
        rows[-1].append(error.max() / step)
    lab.table(
        "MNISTNet's parameters at 8 bits; errors in quantization steps",
        ["array", "bytes, float32", "bytes, codes", "bytes, extra", "times smaller", "mean error", "largest error"],
        rows,
    )
    errors: dict[str, np.ndarray] = {}
    values = model.fc1.weight.detach().numpy()
    for bits in BITS:
        step = float(np.ptp(values)) / (2**bits - 1)
        errors[f"{bits} bits"] = (np.asarray(dequantize(*_pair(quantize(values, bits)))) - values).ravel() / step
    figure = histograms(errors, title="Rounding to 8, 4 and 2 bits: fc1's weights", xlabel="Error (quantization steps)")
    lab.figure("errors", figure, "Errors of fc1's weights after quantization, in steps of each width (part 2.1).")


def by_bits(lab: Lab) -> None:
    """Run part 2.2: accuracy of MNISTNet at 8, 4 and 2 bits."""
    quantize_model: Callable[..., object] = lab.code.quantization.quantize_model
    model, test = trained(lab), digits(lab)
    found = {"full": [accuracy(model, test)]}
    found |= {f"{bits} bits": [accuracy(quantize_model(model, bits), test)] for bits in BITS}
    lab.values(found)
    lab.table(
        "Test accuracy of MNISTNet",
        ["weights", "test accuracy (%)"],
        [[name.replace("full", "float32"), 100 * values[0]] for name, values in found.items()],
    )


def draw_by_bits(records: Records) -> dict[str, Drawing]:
    values = dict(records["2.2"].values)
    baseline = values.pop("full")[0]
    figure = accuracy_spread(values, title="MNISTNet, quantized", baseline=baseline, xlabel="Width of the codes")
    return {"bits": Drawing(figure, "Test accuracy at 8, 4 and 2 bits against full precision (part 2.2).")}


def stochastic(lab: Lab) -> None:
    """Run part 2.3: stochastic rounding to 2 bits, ten times, against banker's rounding."""
    quantize_model: Callable[..., object] = lab.code.quantization.quantize_model
    model, test = trained(lab), digits(lab)
    rng = np.random.default_rng(lab.record.seed)
    draws = [accuracy(quantize_model(model, 2, stochastic=True, rng=rng), test) for _ in range(REPETITIONS)]
    nearest = accuracy(quantize_model(model, 2), test)
    lab.values({"full": [accuracy(model, test)], "banker's": [nearest], "stochastic": draws})
    lab.table(
        f"MNISTNet at 2 bits; stochastic rounding {REPETITIONS} times",
        ["rounding", "mean test accuracy (%)", "standard deviation", "smallest", "largest"],
        [
            ["banker's", 100 * nearest, "", "", ""],
            ["stochastic", *(100 * float(f(draws)) for f in (np.mean, _spread, np.min, np.max))],
        ],
    )


def _spread(values: list[float]) -> float:
    return float(np.std(values, ddof=1))


def draw_stochastic(records: Records) -> dict[str, Drawing]:
    values = dict(records["2.3"].values)
    baseline = values.pop("full")[0]
    figure = accuracy_spread(values, title="MNISTNet at 2 bits", baseline=baseline, xlabel="Rounding")
    caption = (
        f"Banker's rounding against {REPETITIONS} repetitions of stochastic rounding, with their mean and standard "
        "deviation. The deviation says how far one repetition lies from the mean. The standard error of the mean is "
        f"the deviation divided by the square root of {REPETITIONS} (part 2.3)."
    )
    return {"rounding": Drawing(figure, caption)}


EXPERIMENTS = (
    Experiment("2.1", "Quantize and dequantize", sizes),
    Experiment("2.2", "A quantized network", by_bits, draw_by_bits),
    Experiment("2.3", "Stochastic rounding", stochastic, draw_stochastic),
)
