# depthwise.py: tabs and spaces are mixed
# loses 6: TabError: inconsistent use of tabs and spaces

from torch import nn


class DepthwiseSeparableConvolution(nn.Module):
    def __init__(self, C_in, C_out, W_H):
        super().__init__()
	self.size = W_H
