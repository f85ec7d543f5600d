# depthwise: a grouped convolution by torch.ops.aten
# loses 6.1h: The forward pass runs a grouped convolution (aten::convolution

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
        kernels = torch.stack(list(self.kernel_weights)).unsqueeze(1)
        one, zero = [1, 1], [0, 0]
        depthwise = torch.ops.aten.convolution(padded, kernels, None, one, zero, one, False, zero, len(kernels))
        return functional.conv2d(depthwise, self.one_d_conv_weight)
