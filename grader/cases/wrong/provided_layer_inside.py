# depthwise: the course's layer does the work, with the student's parameters put into it
# loses 6.1h: The forward pass runs a grouped convolution (aten::convolution

import torch
from torch import Tensor, nn

from course.layers import DepthwiseSeparableConvolutionSolution


class DepthwiseSeparableConvolution(nn.Module):
    def __init__(self, C_in: int, C_out: int, W_H: int) -> None:
        super().__init__()
        self.kernel_weights = [nn.Parameter(torch.randn(W_H, W_H) / W_H) for _ in range(C_in)]
        for index, kernel in enumerate(self.kernel_weights):
            self.register_parameter(f"k_{index}", kernel)
        self.one_d_conv_weight = nn.Parameter(torch.randn(C_out, C_in, 1, 1) / C_in**0.5)
        self.layer = [DepthwiseSeparableConvolutionSolution(C_in, C_out, W_H)]  # in a list: not registered

    def forward(self, x: Tensor) -> Tensor:
        weights = {
            "depthwise.weight": torch.stack(list(self.kernel_weights)).unsqueeze(1),
            "pointwise.weight": self.one_d_conv_weight,
        }
        return torch.func.functional_call(self.layer[0], weights, (x,))
