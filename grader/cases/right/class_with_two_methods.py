# quantization: the extra arguments are an object of a small class that also does the work

from typing import Any

import numpy as np


class Line:
    """value = low + step * code"""

    __slots__ = ("low", "step", "top")

    def __init__(self, W: np.ndarray, bits: int) -> None:
        self.top = (1 << bits) - 1
        self.low = float(np.min(W))
        self.step = (float(np.max(W)) - self.low) / self.top or 1.0

    def position(self, W: np.ndarray) -> np.ndarray:
        return np.clip((W.astype(float) - self.low) / self.step, 0, self.top)

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        return self.low + self.step * codes.astype(float)


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    line = Line(W, bits)
    return np.around(line.position(W)).astype(np.uint8), line


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    return args(codes)


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    line = Line(W, bits)
    generator = rng if rng is not None else np.random.default_rng()
    down, fraction = np.divmod(line.position(W), 1)
    return (down + generator.binomial(1, fraction)).astype(np.uint8), line
