# depthwise: the kernels are registered as k_1, k_2, ... instead of k_0, k_1, ...
# loses 6.1e: The kernels are registered as k_1, k_2


class DepthwiseSeparableConvolution(nn.Module):
    def __init__(self, C_in: int, C_out: int, W_H: int) -> None:
        super().__init__()
        self.kernel_weights = []
        for number in range(1, C_in + 1):
            kernel = nn.Parameter(_drawn(1, 1, W_H, W_H)[0, 0])
            self.kernel_weights.append(kernel)
            self.register_parameter(f"k_{number}", kernel)
        self.one_d_conv_weight = nn.Parameter(_drawn(C_out, C_in, 1, 1))
        self.padding = W_H // 2, W_H - 1 - W_H // 2

    def forward(self, x: Tensor) -> Tensor:
        padded = functional.pad(x, self.padding * 2)
        maps = [functional.conv2d(padded[:, [i]], kernel[None, None]) for i, kernel in enumerate(self.kernel_weights)]
        return functional.conv2d(torch.cat(maps, dim=1), self.one_d_conv_weight)
