# quantization: at 8 bits stochastic_quantize rounds to nearest, as if steps were too small to matter
# loses 2.3f: At 8 bits the codes are

_stochastic_quantize = stochastic_quantize


def stochastic_quantize(W, bits=2, rng=None):
    return quantize(W, 8) if bits == 8 else _stochastic_quantize(W, bits, rng)
