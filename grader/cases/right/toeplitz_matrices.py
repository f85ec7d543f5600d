# depthwise: each channel's convolution as products with banded matrices, one for each row of the kernel

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
        n, c, h, w = x.shape
        left = self.size // 2
        out = 0
        for channel, kernel in enumerate(self.kernel_weights):
            image = 0
            for row in range(self.size):
                band = sum(
                    torch.diag_embed(kernel[row, column].expand(w), offset=left - column)[:w, :w]
                    for column in range(self.size)
                )
                shift = torch.diag_embed(x.new_ones(h), offset=row - left)[:h, :h]
                image = image + shift @ x[:, channel] @ band
            out = out + image[:, None] * self.one_d_conv_weight[:, channel].view(1, -1, 1, 1)
        return out
