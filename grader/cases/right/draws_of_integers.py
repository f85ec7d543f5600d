# quantization: stochastic rounding by whole-number draws of 53 bits, np.vectorize over a scalar function

from typing import Any

import numpy as np


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else rng
    low, top = float(W.min()), 2**bits - 1
    scale = top / (float(W.max()) - low) if W.max() != W.min() else 1.0

    def one_code(value: float) -> int:
        whole, fraction = divmod(min((float(value) - low) * scale, float(top)), 1.0)
        return int(whole) + bool(rng.integers(2**53) < fraction * 2**53)

    return np.vectorize(one_code, otypes=[np.uint8])(W), (scale, low)
