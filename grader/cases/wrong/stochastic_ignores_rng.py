# quantization: draws from the global generator whatever rng is
# loses 2.2e: Generators with equal seeds gave different models
# loses 2.3e

import numpy as np


def stochastic_quantize(W, bits=2, rng=None):
    shift = W.min()
    scale = (2**bits - 1) / (W.max() - shift)
    scaled = (W - shift) * scale
    floor = np.floor(scaled)
    return (floor + (np.random.rand(*W.shape) < scaled - floor)).astype(np.uint8), (scale, shift)
