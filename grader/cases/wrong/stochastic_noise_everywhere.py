# quantization: adds a random number up to 1 and then rounds to nearest
# loses 2.2e: rounded stochastically at
# loses 2.3a
# loses 2.3b
# loses 2.3c
# loses 2.3d
# loses 2.3f

import numpy as np


def stochastic_quantize(W, bits=2, rng=None):
    rng = rng or np.random.default_rng()
    shift = W.min()
    scale = (2**bits - 1) / (W.max() - shift)
    noisy = (W - shift) * scale + rng.random(W.shape)
    return np.clip(np.round(noisy), 0, 2**bits - 1).astype(np.uint8), (scale, shift)
