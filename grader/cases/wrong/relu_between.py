# depthwise: a ReLU between the depthwise and the 1x1 convolution
# loses 6.1b: channel i is convolved with kernel i
# loses 6.1c
# loses 6.1d
# loses 6.1f
# loses 6.1g
# loses 6.1h

import torch
from torch import Tensor, nn
from torch.nn import functional


class DepthwiseSeparableConvolution(nn.Module):
    def __init__(self, C_in: int, C_out: int, W_H: int) -> None:
        super().__init__()
        self.kernel_weights = [nn.Parameter(torch.randn(W_H, W_H) / W_H) for _ in range(C_in)]
        for index, kernel in enumerate(self.kernel_weights):
            self.register_parameter(f"k_{index}", kernel)
        self.one_d_conv_weight = nn.Parameter(torch.randn(C_out, C_in, 1, 1) / C_in**0.5)
        before = W_H // 2
        after = W_H - 1 - before
        self.padding = (before, after, before, after)

    def forward(self, x: Tensor) -> Tensor:
        padded = functional.pad(x, self.padding)
        channels = [
            functional.conv2d(padded[:, index : index + 1], kernel[None, None])
            for index, kernel in enumerate(self.kernel_weights)
        ]
        return functional.conv2d(functional.relu(torch.cat(channels, dim=1)), self.one_d_conv_weight)
