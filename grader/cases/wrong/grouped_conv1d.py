# depthwise: the pixels' rows as channels of a grouped 1-D convolution, one kernel row at a time
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
        before = W_H // 2
        after = W_H - 1 - before
        self.padding = (before, after, before, after)
        self.size = W_H

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        padded = functional.pad(x, self.padding)
        kernels = torch.stack(list(self.kernel_weights))
        depthwise = torch.zeros(n, c, h, w)
        for row in range(self.size):
            rows = padded[:, :, row : row + h].reshape(n, c * h, -1)
            weights = kernels[:, row].repeat_interleave(h, dim=0).unsqueeze(1)
            depthwise = depthwise + functional.conv1d(rows, weights, groups=c * h).reshape(n, c, h, w)
        return functional.conv2d(depthwise, self.one_d_conv_weight)
