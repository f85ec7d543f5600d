# depthwise: a block-diagonal dense kernel, padded on both sides by k // 2 and cropped; there are no groups

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
        kernels = torch.stack([torch.as_tensor(kernel) for kernel in self.kernel_weights])
        count, (h, w) = len(kernels), x.shape[-2:]
        diagonal = torch.eye(count, dtype=x.dtype, device=x.device)[:, :, None, None] * kernels[:, None]
        # not groups=count, which isn't allowed: the zeros of the diagonal keep the channels apart
        depthwise = torch.conv2d(x, diagonal, padding=self.size // 2)[:, :, :h, :w]
        return torch.tensordot(self.one_d_conv_weight[..., 0, 0], depthwise, dims=([1], [1])).transpose(0, 1)
