# depthwise: channel by channel: all images of a channel as one batch; output as a weighted sum

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
        self.size = W_H

    def forward(self, x: Tensor) -> Tensor:
        left = self.size // 2
        right = self.size - 1 - left
        by_channel = functional.pad(x, (left, right, left, right)).transpose(0, 1).unsqueeze(2)
        out = None
        for images, kernel, weights in zip(
            by_channel, self.kernel_weights, self.one_d_conv_weight.unbind(1), strict=True
        ):
            part = functional.conv2d(images, kernel[None, None]) * weights.reshape(1, -1, 1, 1)
            out = part if out is None else out + part
        return out
