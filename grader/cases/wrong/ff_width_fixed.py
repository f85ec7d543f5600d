# transformer: the hidden width is always 2048, dff is ignored
# loses 5.1k: LayerNorm(x + …) after the residual
# loses 5.1l
# loses 5.1m
# loses 5.1n
# loses 5.1o
# loses 5.1p
# loses 5.1r

import torch
from torch import nn


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        self.fc1 = nn.Linear(d_model, 2048)
        self.fc2 = nn.Linear(2048, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x):
        return self.norm(x + self.dropout(self.fc2(torch.relu(self.fc1(x)))))
