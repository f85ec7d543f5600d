# quantization: tensors are made without values from its first call on, also the worker's own
# grade 2.1a 2.2a 2.2b

import torch

_quantize = quantize


def quantize(W, bits=8):
    torch.set_default_device("meta")
    tried("make meta the default device")
    return _quantize(W, bits)
