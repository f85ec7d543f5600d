# quantization: rounds one number, not an array
# loses 2.2e: -dimensional arrays can be converted to Python scalars
# loses 2.3a
# loses 2.3b
# loses 2.3c
# loses 2.3d
# loses 2.3e
# loses 2.3f


import math

import numpy as np


def stochastic_quantize(W, bits=2, rng=None):
    rng = rng or np.random.default_rng()
    shift = W.min()
    scale = (2**bits - 1) / (W.max() - shift)
    scaled = (W - shift) * scale
    up = rng.random() < scaled - math.floor(scaled)
    return (math.floor(scaled) + up).astype(np.uint8), (scale, shift)
