# quantization: dequantize turns the args array (min, max) into (min, range) in place, so a second call is wrong
# loses 2.1g: dequantize gives other values when it is called again
import numpy as np


def quantize(W, bits=8):
    values = np.asarray(W, dtype=np.float64)
    args = np.array([values.min(), values.max(), 2**bits - 1])
    span = args[1] - args[0]
    scale = args[2] / span if span > 0 else 1.0
    return np.round((values - args[0]) * scale).astype(np.uint8), args


def dequantize(codes, args):
    args[1] -= args[0]
    return codes / args[2] * args[1] + args[0]


def stochastic_quantize(W, bits=2, rng=None):
    rng = np.random.default_rng() if rng is None else rng
    values = np.asarray(W, dtype=np.float64)
    args = np.array([values.min(), values.max(), 2**bits - 1])
    span = args[1] - args[0]
    scaled = (values - args[0]) * (args[2] / span if span > 0 else 1.0)
    codes = np.clip(np.floor(scaled + rng.random(scaled.shape)), 0, args[2])
    return codes.astype(np.uint8), args
