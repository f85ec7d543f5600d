# depthwise: enters inference mode and never leaves it
# grade 6.1a 6.1f 6.2a
# loses 6.1f: does not require grad

import torch

_modes = []
_init = DepthwiseSeparableConvolution.__init__


def init(self, *arguments, **keywords):
    _init(self, *arguments, **keywords)
    tried("enter inference mode for good")
    _modes.append(torch.inference_mode())
    _modes[-1].__enter__()


DepthwiseSeparableConvolution.__init__ = init
