# quantization: tosses a fair coin between floor and ceiling
# loses 2.3b: round up where a uniform random number is below the fractional part of
# loses 2.3c
# loses 2.3f

import numpy as np


def stochastic_quantize(W, bits=2, rng=None):
    rng = rng or np.random.default_rng()
    shift = W.min()
    scale = (2**bits - 1) / (W.max() - shift)
    scaled = (W - shift) * scale
    floor = np.floor(scaled)
    up = (rng.random(W.shape) < 0.5) & (scaled > floor)
    return np.clip(floor + up, 0, 2**bits - 1).astype(np.uint8), (scale, shift)
