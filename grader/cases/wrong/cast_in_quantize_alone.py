# quantization: quantize casts without rounding; quantize_model has arithmetic of its own, which rounds
# loses 2.1d: expected
# loses 2.1e: expected
# loses 2.1f: expected

_rounded, _stochastic = quantize, stochastic_quantize


def quantize(W, bits=8):
    scaled, args = _scaled(W, bits)
    return scaled.astype(np.uint8), args


def quantize_model(model, bits, stochastic=False, rng=None):
    quantized = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in quantized.parameters():
            W = parameter.numpy()
            codes, args = _stochastic(W, bits, rng) if stochastic else _rounded(W, bits)
            parameter.copy_(torch.from_numpy(dequantize(codes, args)))
    return quantized
