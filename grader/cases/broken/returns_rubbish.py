# quantization.py: returns texts and objects
# loses 2

def quantize(W, bits=8):
    return "codes", object()


def dequantize(codes, args):
    return {1, 2, 3}


def stochastic_quantize(W, bits=2, rng=None):
    return [["nested"] * 3, float("nan"), 2**200]


def quantize_model(model, bits, stochastic=False, rng=None):
    return lambda: None
