# quantization: draws one number for the whole array
# loses 2.3b: round up where a uniform random number is below the fractional part
# loses 2.3c
# loses 2.3d
# loses 2.3f

import numpy as np


def stochastic_quantize(W, bits=2, rng=None):
    rng = rng or np.random.default_rng()
    shift = W.min()
    scale = (2**bits - 1) / (W.max() - shift)
    scaled = (W - shift) * scale
    floor = np.floor(scaled)
    return (floor + (rng.random() < scaled - floor)).astype(np.uint8), (scale, shift)
