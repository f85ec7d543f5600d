# quantization: the probability is the fractional part of the value itself, not of the scaled one
# loses 2.3b: round up where a uniform random number is below the fractional part of
# loses 2.3c
# loses 2.3f

from typing import Any

import numpy as np


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else rng
    low, high = float(W.min()), float(W.max())
    scale = (2**bits - 1) / (high - low) if high > low else 1.0
    up = rng.random(W.shape) < W - np.floor(W)
    codes = np.floor((W - low) * scale) + up
    return np.clip(codes, 0, 2**bits - 1).astype(np.uint8), (scale, low)
