# quantization: has 2 bits whatever is asked for
# loses 2.2e: rounded stochastically at
# loses 2.3a
# loses 2.3f

import numpy as np


def stochastic_quantize(W, bits=2, rng=None):
    rng = rng or np.random.default_rng()
    shift = W.min()
    scale = 3 / (W.max() - shift)
    scaled = (W - shift) * scale
    floor = np.floor(scaled)
    return (floor + (rng.random(W.shape) < scaled - floor)).astype(np.uint8), (scale, shift)
