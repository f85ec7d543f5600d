# depthwise: a sum of shifted images, k² of them, accumulated in place; 1x1 by matmul on channels last

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
        h, w = x.shape[2:]
        left = self.size // 2
        right = self.size - 1 - left
        padded = nn.ZeroPad2d((left, right, left, right))(x)
        total = torch.zeros_like(x)
        weights = torch.stack(tuple(self.kernel_weights))[None, :, :, :, None, None]
        for row in range(self.size):
            for column in range(self.size):
                total += weights[:, :, row, column] * padded[..., row : row + h, column : column + w]
        mixed = total.movedim(1, -1) @ self.one_d_conv_weight[:, :, 0, 0].T
        return mixed.movedim(-1, 1)
