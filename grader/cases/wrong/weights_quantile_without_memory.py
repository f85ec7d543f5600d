# pruning: the quantile is taken of all weights each time, so a second call changes nothing
# loses 3.4d: that are still on
# loses 3.4e
# loses 3.4f

import numpy as np
import torch

from course.layers import get_sparse_conv2d_layers


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        size = layer._weight.detach().abs()
        threshold = float(np.quantile(size.cpu().numpy(), prune_percent))
        layer._mask.mul_((size > threshold).to(torch.float32))
