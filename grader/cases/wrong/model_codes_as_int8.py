# quantization: quantize_model keeps codes as int8, which turns those above 127 around: only 8 bits have such
# loses 2.2c: digits are recognised


def quantize_model(model, bits, stochastic=False, rng=None):
    quantized = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in quantized.parameters():
            W = parameter.numpy()
            codes, args = stochastic_quantize(W, bits, rng) if stochastic else quantize(W, bits)
            parameter.copy_(torch.from_numpy(dequantize(codes.astype(np.int8), args)))
    return quantized
