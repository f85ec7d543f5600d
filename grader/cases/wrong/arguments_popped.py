# quantization: dequantize takes the numbers out of the list of arguments, so that it works once
# loses 2.1g: called again


_scaled_values, _dequantize = _scaled, dequantize


def _scaled(W, bits):
    values, args = _scaled_values(W, bits)
    return values, list(args)


def dequantize(codes, args):
    shift = args.pop()
    return _dequantize(codes, (args.pop(), shift))


def quantize_model(model, bits, stochastic=False, rng=None):
    quantized = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in quantized.parameters():
            weights = parameter.numpy()
            codes, args = stochastic_quantize(weights, bits, rng) if stochastic else quantize(weights, bits)
            parameter.copy_(torch.from_numpy(_dequantize(codes, args)))
    return quantized
