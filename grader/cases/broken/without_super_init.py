# depthwise: the layer forgets super().__init__()
# loses 6.1: Call super().__init__() at the beginning
# loses 6.1h: passes groups
# loses 6.2: cannot assign module before Module.__init__() call

class DepthwiseSeparableConvolution(nn.Module):
    def __init__(self, C_in, C_out, W_H):
        self.depthwise = nn.Conv2d(C_in, C_in, W_H, padding=W_H // 2, groups=C_in)
        self.pointwise = nn.Conv2d(C_in, C_out, 1)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))
