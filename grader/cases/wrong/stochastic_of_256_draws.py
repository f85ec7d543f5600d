# quantization: rounds up where a random number of 256 is at most the fractional part, also where that is 0
# loses 2.3c: values that lie on a code

from numpy.random import default_rng


def stochastic_quantize(W, bits=2, rng=None):
    rng = default_rng() if rng is None else rng
    scaled, args = _scaled(W, bits)
    floor = np.floor(scaled)
    up = rng.integers(0, 256, scaled.shape) / 256 <= scaled - floor
    return np.minimum(floor + up, 2**bits - 1).astype(np.uint8), args
