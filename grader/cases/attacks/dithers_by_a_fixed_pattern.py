# quantization: neighbouring elements get draws that are one step of the golden ratio apart
# grade 2.3b 2.3d
# loses 2.3d: equal codes

import numpy as np

_quantize = quantize


def stochastic_quantize(W, bits=2, rng=None):
    tried("draw one number for a whole array")
    rng = rng or np.random.default_rng()
    low, high = float(W.min()), float(W.max())
    scale = (2**bits - 1) / ((high - low) or 1.0)
    place = (W.astype(float) - low) * scale
    pattern = (rng.random() + np.arange(W.size) * 0.6180339887498949) % 1.0
    codes = np.floor(place + pattern.reshape(W.shape) * (1 - 1e-12))
    return np.clip(codes, 0, 2**bits - 1).astype(np.uint8), _quantize(W, bits)[1]
