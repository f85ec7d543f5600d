# quantization: stochastic rounding of a 2-D array uses the same random numbers in each row
# loses 2.3d: draw one random number for each element

from typing import Any

import numpy as np


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else rng
    low, high = float(W.min()), float(W.max())
    scale = (2**bits - 1) / (high - low) if high > low else 1.0
    codes = np.floor((W - low) * scale + rng.random(W.shape[-1]))
    return np.clip(codes, 0, 2**bits - 1).astype(np.uint8), (scale, low)
