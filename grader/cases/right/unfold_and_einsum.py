# depthwise: unfold, then one einsum over channels and pixels of the window (C_out last, permuted back)

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
        right = self.size - 1 - left
        columns = functional.unfold(functional.pad(x, (left, right, left, right)), self.size)
        columns = columns.unflatten(1, (c, self.size**2))
        kernels = torch.stack([kernel.flatten() for kernel in self.kernel_weights])
        out = torch.einsum("ncki,ck,oc->nio", columns, kernels, self.one_d_conv_weight.flatten(1))
        return out.permute(0, 2, 1).reshape(n, -1, h, w)
