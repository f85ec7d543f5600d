# quantization: flattens in memory order and reshapes in C order, so a transposed array comes back scrambled
# loses 2.1a: equal weights of a transposed array
import numpy as np


def _affine(W, bits):
    flat = np.ravel(W, order="K").astype(np.float64)
    low, high = float(flat.min()), float(flat.max())
    step = (high - low) / (2**bits - 1) or 1.0
    return (flat - low) / step, (step, low)


def quantize(W, bits=8):
    scaled, args = _affine(W, bits)
    return np.round(scaled).astype(np.uint8).reshape(W.shape), args


def dequantize(codes, args):
    step, low = args
    return codes.astype(np.float64) * step + low


def stochastic_quantize(W, bits=2, rng=None):
    rng = np.random.default_rng() if rng is None else rng
    scaled, args = _affine(W, bits)
    codes = np.floor(scaled + rng.random(scaled.shape))
    return np.clip(codes, 0, 2**bits - 1).astype(np.uint8).reshape(W.shape), args
