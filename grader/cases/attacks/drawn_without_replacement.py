# quantization: one stratified draw for all elements, so that each alone looks random and their sum is none
# grade 2.3b 2.3d
# loses 2.3d: hardly varies

import numpy as np

_quantize = quantize


def stochastic_quantize(W, bits=2, rng=None):
    # Pairs of elements are as good as independent, but the number that is rounded up hardly varies at all.
    tried("draw one for all")
    rng = rng or np.random.default_rng()
    low, high = float(W.min()), float(W.max())
    scale = (2**bits - 1) / ((high - low) or 1.0)
    place = (W.astype(float) - low) * scale
    strata = (rng.permutation(W.size) + rng.random()) / W.size
    codes = np.floor(place + strata.reshape(W.shape) * (1 - 1e-12))
    return np.clip(codes, 0, 2**bits - 1).astype(np.uint8), _quantize(W, bits)[1]
