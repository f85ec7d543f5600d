# quantization: quantize_model makes default_rng(0) when it is given no generator, so all repetitions are the same
# loses 2.2e: Two calls without rng gave equal models
import copy

import numpy as np
import torch


def quantize_model(model, bits, stochastic=False, rng=None):
    if rng is None:
        rng = np.random.default_rng(0)
    new = copy.deepcopy(model)
    with torch.no_grad():
        for p in new.parameters():
            W = p.detach().cpu().numpy()
            codes, args = stochastic_quantize(W, bits, rng) if stochastic else quantize(W, bits)
            p.copy_(torch.from_numpy(np.asarray(dequantize(codes, args), dtype=np.float32)))
    return new


def quantize(W, bits=8):
    low, high = float(W.min()), float(W.max())
    scale = (2**bits - 1) / ((high - low) or 1.0)
    return np.round((W.astype(np.float64) - low) * scale).astype(np.uint8), (scale, low)


def dequantize(codes, args):
    scale, low = args
    return codes.astype(np.float64) / scale + low


def stochastic_quantize(W, bits=2, rng=None):
    rng = np.random.default_rng() if rng is None else rng
    low, high = float(W.min()), float(W.max())
    scale = (2**bits - 1) / ((high - low) or 1.0)
    x = (W.astype(np.float64) - low) * scale
    down = np.floor(x)
    codes = down + (rng.random(W.shape) < x - down)
    return np.clip(codes, 0, 2**bits - 1).astype(np.uint8), (scale, low)
