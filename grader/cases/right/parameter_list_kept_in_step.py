# depthwise: a ParameterList besides the names k_0, k_1, ...; a plain list put in its place is turned into one

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class DepthwiseSeparableConvolution(nn.Module):
    def __init__(self, C_in: int, C_out: int, W_H: int) -> None:
        super().__init__()
        self.kernel_weights = [torch.empty(W_H, W_H).normal_(std=1 / W_H) for _ in range(C_in)]
        self.one_d_conv_weight = nn.Parameter(torch.empty(C_out, C_in, 1, 1))
        nn.init.kaiming_uniform_(self.one_d_conv_weight)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "kernel_weights" and isinstance(value, Iterable):
            value = nn.ParameterList(value)
            for index, kernel in enumerate(value):
                self.register_parameter(f"k_{index}", kernel)
        super().__setattr__(name, value)

    def forward(self, x: Tensor) -> Tensor:
        k = self.kernel_weights[0].shape[-1]
        x = functional.pad(x, (k // 2, (k - 1) // 2) * 2)
        maps = [
            functional.conv2d(channel.unsqueeze(1), kernel.view(1, 1, k, k))
            for channel, kernel in zip(x.unbind(1), self.kernel_weights, strict=True)
        ]
        return functional.conv2d(torch.hstack(maps), self.one_d_conv_weight)
