# depthwise.py: a line is indented by mistake
# loses 6: unexpected indent

from torch import nn
  class DepthwiseSeparableConvolution(nn.Module):
    pass
