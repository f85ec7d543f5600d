# depthwise: sleeps in forward
# loses 6.1a: endless loop
# loses 6.1b
# loses 6.1c
# loses 6.1d
# loses 6.1e
# loses 6.1f
# loses 6.1g
# loses 6.1h
# loses 6.2

import time

from torch import nn


class DepthwiseSeparableConvolution(DepthwiseSeparableConvolution):
    def forward(self, x):
        time.sleep(3600)
