# depthwise: parameters() and state_dict() lie about a layer that does nothing
# loses 6.1a
# loses 6.1b
# loses 6.1c
# loses 6.1d
# loses 6.1e
# loses 6.1f
# loses 6.1g
# loses 6.1h
# loses 6.2

import torch
from torch import nn


class DepthwiseSeparableConvolution(nn.Module):
    def __init__(self, C_in, C_out, W_H):
        super().__init__()
        self.kernel_weights = [torch.ones(W_H, W_H) for _ in range(C_in)]
        self.one_d_conv_weight = torch.ones(C_out, C_in, 1, 1)

    def named_parameters(self, *args, **kwargs):
        return [(f"k_{i}", k) for i, k in enumerate(self.kernel_weights)] + [("one_d", self.one_d_conv_weight)]

    def state_dict(self, *args, **kwargs):
        return {"k_0": "a tensor"}

    def forward(self, x):
        return torch.zeros(x.shape[0], self.one_d_conv_weight.shape[0], *x.shape[2:])
