# quantization: a tensor of 1.2 GB, a list 100,000 deep, a million keys
# grade 2.1a 2.2a 2.3a
# loses 2.1a: too large to send
# loses 2.3a
# loses 2.2a

import torch


def quantize(W, bits=8):
    tried("1.2 GB")
    return torch.empty(300_000_000), ()


def stochastic_quantize(W, bits=2, rng=None):
    tried("a deep list")
    deep = []
    for _ in range(100_000):
        deep = [deep, deep]
    return deep, deep


def quantize_model(model, bits, stochastic=False, rng=None):
    tried("a million keys")
    return {(index, index): index for index in range(1_000_000)}
