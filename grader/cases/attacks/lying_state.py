# pruning: a network whose parameters, buffers and state are told, not had
# grade 3.1a 3.1b 3.3a
# loses 3.1a
# loses 3.1b

import torch
from torch import nn


class SparseConvNet(nn.Module):
    def __init__(self, conv_layer=None):
        super().__init__()
        tried("a network that lies")

    def named_parameters(self, *args, **kwargs):
        return iter([("model.0.weight", torch.zeros(1_210_208)), ("classifier.weight", torch.zeros(10, 256))])

    def modules(self):
        return iter(())

    def state_dict(self, *args, **kwargs):
        return {"model.0._weight": torch.zeros(1), 1: "one"}

    def load_state_dict(self, *args, **kwargs):
        return None

    def __getattr__(self, name):
        return self

    def forward(self, x):
        return torch.zeros(len(x), 10)
