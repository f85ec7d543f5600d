# quantization: rounds to nearest under the name of stochastic rounding
# loses 2.2e: with stochastic=True every parameter goes through stochastic_quantize
# loses 2.3b
# loses 2.3c
# loses 2.3d
# loses 2.3e
# loses 2.3f

import numpy as np


def stochastic_quantize(W, bits=2, rng=None):
    return quantize(W, bits)
