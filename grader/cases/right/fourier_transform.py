# depthwise: multiplication in Fourier space, padded far enough that nothing wraps around

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
        shape = (h + self.size - 1, w + self.size - 1)
        kernels = torch.stack(list(self.kernel_weights)).double()
        spectrum = torch.fft.rfft2(x.double(), s=shape) * torch.fft.rfft2(kernels.flip(-2, -1), s=shape)
        start = self.size - 1 - self.size // 2
        full = torch.fft.irfft2(spectrum, s=shape)[..., start : start + h, start : start + w]
        return functional.conv2d(full.to(x.dtype), self.one_d_conv_weight)
