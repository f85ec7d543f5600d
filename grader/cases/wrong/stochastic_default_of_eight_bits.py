# quantization: stochastic_quantize takes 8 bits where none are given
# loses 2.3a: code

_stochastic_quantize = stochastic_quantize


def stochastic_quantize(W, bits=8, rng=None):
    return _stochastic_quantize(W, bits, rng)
