# quantization: 4 bits are taken for 16 steps instead of 15, in quantize alone
# loses 2.1f: 4

_quantize, _stochastic = quantize, stochastic_quantize


def quantize(W, bits=8):
    if bits != 4:
        return _quantize(W, bits)
    low, high = W.min(), W.max()
    return np.round((W - low) / (high - low) * 16).astype(np.uint8), (16 / (high - low), low)


def quantize_model(model, bits, stochastic=False, rng=None):
    quantized = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in quantized.parameters():
            W = parameter.numpy()
            codes, args = _stochastic(W, bits, rng) if stochastic else _quantize(W, bits)
            parameter.copy_(torch.from_numpy(dequantize(codes, args)))
    return quantized
