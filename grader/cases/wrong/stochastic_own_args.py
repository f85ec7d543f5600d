# quantization: stochastic_quantize returns (minimum, step), which the same dequantize reads as (scale, shift)
# loses 2.2e: rounded stochastically at

from typing import Any

import numpy as np


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else rng
    low, high = float(W.min()), float(W.max())
    step = (high - low) / (2**bits - 1) if high > low else 1.0
    codes = np.floor((W - low) / step + rng.random(W.shape))
    return np.clip(codes, 0, 2**bits - 1).astype(np.uint8), (low, step)
