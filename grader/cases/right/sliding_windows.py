# depthwise: Tensor.unfold's sliding windows times the kernels, summed

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
        windows = functional.pad(x, (left, right, left, right)).unfold(2, self.size, 1).unfold(3, self.size, 1)
        depthwise = torch.cat(
            [(windows[:, [channel]] * kernel).sum((-2, -1)) for channel, kernel in enumerate(self.kernel_weights)], 1
        )
        return (depthwise.unsqueeze(1) * self.one_d_conv_weight.squeeze(3).unsqueeze(3)).sum(2)
