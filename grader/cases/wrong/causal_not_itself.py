# transformer: the diagonal is masked too and the NaN of the first row are turned into zeros
# may lose 5.1t
# loses 5.1f: CausalSelfAttention's output with multiples of the identity as projections and one head
# loses 5.1m
# loses 5.1o
# loses 5.1p

import math

import torch
from torch import nn


class CausalSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.h, self.dk = num_heads, d_model // num_heads
        self.q = nn.Linear(d_model, d_model)
        self.k = nn.Linear(d_model, d_model)
        self.v = nn.Linear(d_model, d_model)
        self.o = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.layernorm = nn.LayerNorm(d_model)

    def split(self, t):
        return t.view(t.shape[0], t.shape[1], self.h, self.dk).permute(0, 2, 1, 3)

    def forward(self, x):
        n, length, d = x.shape
        q, k, v = self.split(self.q(x)), self.split(self.k(x)), self.split(self.v(x))
        mask = torch.triu(torch.ones(length, length, dtype=torch.bool, device=x.device))
        scores = (q @ k.transpose(2, 3)) / math.sqrt(self.dk)
        weights = torch.nan_to_num(torch.softmax(scores.masked_fill(mask, float("-inf")), dim=-1))
        out = (weights @ v).permute(0, 2, 1, 3).reshape(n, length, d)
        return self.layernorm(x + self.dropout(self.o(out)))
