# depthwise: a grouped transposed convolution of the flipped kernels, cropped
# loses 6.1h: convolve each channel by itself instead

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
        kernels = torch.stack(list(self.kernel_weights)).unsqueeze(1).flip(2, 3)
        full = functional.conv_transpose2d(x, kernels, groups=len(kernels))
        start, (h, w) = self.size - 1 - self.size // 2, x.shape[2:]
        return functional.conv2d(full[:, :, start : start + h, start : start + w], self.one_d_conv_weight)
