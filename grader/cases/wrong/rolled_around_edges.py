# depthwise: shifts by torch.roll: the image continues at the opposite edge
# loses 6.1a: kernels there is one row of zeros on top and one column on the left
# loses 6.1b
# loses 6.1c
# loses 6.1d

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
        kernels = torch.stack(list(self.kernel_weights))
        before = self.size // 2
        depthwise = torch.zeros_like(x)
        for row in range(self.size):
            for column in range(self.size):
                shifted = torch.roll(x, (before - row, before - column), dims=(2, 3))
                depthwise = depthwise + shifted * kernels[:, row, column].view(1, -1, 1, 1)
        return functional.conv2d(depthwise, self.one_d_conv_weight)
