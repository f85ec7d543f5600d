# depthwise: the 1×1 weights all start at one value
# loses 6.1e: channels that start equal stay equal

_Layer = DepthwiseSeparableConvolution


class DepthwiseSeparableConvolution(_Layer):
    def __init__(self, C_in, C_out, W_H):
        super().__init__(C_in, C_out, W_H)
        nn.init.constant_(self.one_d_conv_weight, 1 / C_in)
