# transformer: the two linear layers are convolutions of width 1

import torch
from torch import nn


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        self.conv1 = nn.Conv1d(d_model, dff, kernel_size=1)
        self.conv2 = nn.Conv1d(dff, d_model, kernel_size=1)
        self.dropout = nn.Dropout(dropout_rate)
        self.layernorm = nn.LayerNorm(d_model)

    def forward(self, x):
        y = torch.relu(self.conv1(x.transpose(1, 2)))
        y = self.conv2(y).transpose(1, 2)
        return self.layernorm(x + self.dropout(y))
