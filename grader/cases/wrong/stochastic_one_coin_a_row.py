# quantization: draws one number a row
# loses 2.3d: draw one random number for each element

import numpy as np


def stochastic_quantize(W, bits=2, rng=None):
    rng = rng or np.random.default_rng()
    shift = W.min()
    scale = (2**bits - 1) / (W.max() - shift)
    scaled = (W - shift) * scale
    floor = np.floor(scaled)
    coins = rng.random((len(W), 1)) if W.ndim == 2 else rng.random(len(W))
    return (floor + (coins < scaled - floor)).astype(np.uint8), (scale, shift)
