# quantization: seeds inside the function, so that all repetitions are one
# loses 2.2e: Generators with different seeds gave equal models
# loses 2.3e

import numpy as np


def stochastic_quantize(W, bits=2, rng=None):
    rng = np.random.default_rng(43)
    shift = W.min()
    scale = (2**bits - 1) / (W.max() - shift)
    scaled = (W - shift) * scale
    floor = np.floor(scaled)
    return (floor + (rng.random(W.shape) < scaled - floor)).astype(np.uint8), (scale, shift)
