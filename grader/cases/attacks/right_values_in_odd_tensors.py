# transformer: right values as parameters, views of other storages, conjugates and read-only arrays
# grade 5.1a 5.1b

import torch

_positional_encoding = positional_encoding


def positional_encoding(length, depth):
    tried("right values in odd tensors")
    storage = torch.empty(depth, 2 * length + 1)
    view = storage[:, 1::2].T
    view.copy_(_positional_encoding(length, depth))
    return torch.nn.Parameter(torch._neg_view(-view))
