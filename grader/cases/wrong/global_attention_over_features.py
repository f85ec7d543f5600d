# transformer: the scores are q^T k, features attend to features instead of positions to positions
# loses 5.1e: GlobalSelfAttention's output with multiples of the identity as projections and one head
# loses 5.1l
# loses 5.1n
# loses 5.1p

import math

import torch
from torch import nn


class GlobalSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.h, self.dk = num_heads, d_model // num_heads
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.out = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x):
        n, length, d = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, self.h, self.dk).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q.transpose(-2, -1) @ k / math.sqrt(self.dk), dim=-1)
        y = (v @ weights).transpose(1, 2).reshape(n, length, d)
        return self.norm(x + self.dropout(self.out(y)))
