# depthwise: outputs have shapes and no values, on the meta device
# loses 6.1: is Tensor, expected an array
# loses 6.2a: is Tensor, expected an array
# loses 6.2b: is Tensor, expected an array
# loses 6.2c: meta

class DepthwiseSeparableConvolution(DepthwiseSeparableConvolution):
    def forward(self, x):
        return super().forward(x).to("meta")
