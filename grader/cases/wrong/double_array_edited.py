# quantization: stochastic_quantize edits W in place where it is float64 already (np.asarray makes no copy)
# loses 2.3a: stochastic_quantize changed the float

from typing import Any

import numpy as np


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else rng
    values = np.asarray(W, dtype=np.float64)
    low = float(values.min())
    values -= low
    high = float(values.max())
    scale = (2**bits - 1) / high if high > 0 else 1.0
    values *= scale
    return np.clip(np.floor(values + rng.random(values.shape)), 0, 2**bits - 1).astype(np.uint8), (scale, low)
