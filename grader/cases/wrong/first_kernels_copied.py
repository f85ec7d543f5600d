# depthwise: one kernel is drawn and copied for all channels
# loses 6.1e: Two kernels of a new layer are the same

_Right = DepthwiseSeparableConvolution


class DepthwiseSeparableConvolution(_Right):
    def __init__(self, C_in, C_out, W_H):
        super().__init__(C_in, C_out, W_H)
        with torch.no_grad():
            for kernel in self.kernel_weights[1:]:
                kernel.copy_(self.kernel_weights[0])
