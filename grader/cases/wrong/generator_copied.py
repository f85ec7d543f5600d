# quantization: draws from a copy of the generator, so that repetitions with one generator are all the same
# loses 2.3e: Two calls with one generator gave equal codes

import copy
from typing import Any

import numpy as np


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else copy.deepcopy(rng)
    low, high = float(W.min()), float(W.max())
    scale = (2**bits - 1) / (high - low) if high > low else 1.0
    codes = np.floor((W - low) * scale + rng.random(W.shape))
    return np.clip(codes, 0, 2**bits - 1).astype(np.uint8), (scale, low)
