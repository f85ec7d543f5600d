# depthwise: every output is as large as an answer may be, whatever was asked for
# grade 6.1d 6.1f 6.1g 6.2a 6.2b
# loses 6.1d: The shape of
# loses 6.1f: The shape of
# loses 6.1g: The shape of
# loses 6.2a: expected far fewer
# loses 6.2b: expected far fewer

import torch

_forward = DepthwiseSeparableConvolution.forward


def _large(self, x):
    tried("return 240 MB")
    return _forward(self, x).sum() * torch.zeros(60 << 20)


DepthwiseSeparableConvolution.forward = _large
