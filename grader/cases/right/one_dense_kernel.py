# depthwise: depthwise and 1×1 kernels are multiplied to one dense kernel in each call, then a single full conv2d; kernel_weights is a property
# free because: the two linear maps compose to that one; no groups; list and parameter may be replaced and are read in each call
class DepthwiseSeparableConvolution(nn.Module):
    def __init__(self, C_in, C_out, W_H):
        super().__init__()
        drawn = nn.Conv2d(1, C_in, W_H, bias=False).weight.detach()[:, 0]
        self.kernel_weights = [nn.Parameter(kernel.clone()) for kernel in drawn]
        self.one_d_conv_weight = nn.Parameter(nn.Conv2d(C_in, C_out, 1, bias=False).weight.detach().clone())

    @property
    def kernel_weights(self):
        return self._kernel_list

    @kernel_weights.setter
    def kernel_weights(self, kernels):
        self._kernel_list = kernels
        for index, kernel in enumerate(kernels):
            if isinstance(kernel, nn.Parameter):
                self.register_parameter(f"k_{index}", kernel)

    def forward(self, x):
        kernels = torch.stack(list(self._kernel_list))
        dense = self.one_d_conv_weight * kernels[None]
        before = kernels.shape[-1] // 2
        after = kernels.shape[-1] - 1 - before
        return functional.conv2d(nn.ZeroPad2d((before, after, before, after))(x), dense)


def dw_conv_block(in_channels, out_channels, kernel_size=3):
    block = nn.Sequential()
    block.add_module("dw", DepthwiseSeparableConvolution(in_channels, out_channels, kernel_size))
    block.add_module("norm", nn.BatchNorm2d(out_channels))
    block.add_module("relu", nn.ReLU(inplace=True))
    return block
