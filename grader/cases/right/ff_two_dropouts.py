# transformer: a second dropout between the linear layers, and the residual written as y = y + x

from torch import nn
from torch.nn import functional as F


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        self.dropout_rate = dropout_rate
        self.seq = nn.Sequential()
        self.seq.add_module("expand", nn.Linear(d_model, dff))
        self.seq.add_module("act", nn.ReLU())
        self.seq.add_module("drop", nn.Dropout(dropout_rate))
        self.seq.add_module("contract", nn.Linear(dff, d_model))
        self.layernorm = nn.LayerNorm(normalized_shape=[d_model], eps=1e-3)

    def forward(self, x):
        y = F.dropout(self.seq(x), p=self.dropout_rate, training=self.training)
        y = y + x
        return self.layernorm(y)
