# quantization.py: every function returns nothing
# loses 2.1: None
# loses 2.2: None
# loses 2.3: None

def quantize(W, bits=8):
    pass


def dequantize(codes, args):
    pass


def stochastic_quantize(W, bits=2, rng=None):
    pass


def quantize_model(model, bits, stochastic=False, rng=None):
    pass
