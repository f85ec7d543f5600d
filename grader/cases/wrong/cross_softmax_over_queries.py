# transformer: the softmax runs over the queries, the weights of one query do not sum to 1
# loses 5.1g: CrossAttention's output with multiples of the identity as projections and one head
# loses 5.1m
# loses 5.1o
# loses 5.1p
# loses 5.1t

import math

import torch
from torch import nn


class CrossAttention(nn.Module):
    def __init__(self, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.h, self.dk = num_heads, d_model // num_heads
        self.q = nn.Linear(d_model, d_model)
        self.kv = nn.Linear(d_model, 2 * d_model)
        self.o = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x, context):
        n, length, d = x.shape
        m = context.shape[1]
        q = self.q(x).view(n, length, self.h, self.dk).transpose(1, 2)
        k, v = self.kv(context).view(n, m, 2, self.h, self.dk).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(self.dk), dim=-2)
        out = (weights @ v).transpose(1, 2).reshape(n, length, d)
        return self.norm(x + self.dropout(self.o(out)))
