# transformer: the heads are cut by view(n, h, L, dk) without a transpose, so positions and heads mix
# loses 5.1f: the mask has the size of the sequence that comes in
# loses 5.1m
# loses 5.1o
# loses 5.1p
# may lose 5.1t

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
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x):
        n, length, d = x.shape
        q = self.q(x).view(n, self.h, length, self.dk)
        k = self.k(x).view(n, self.h, length, self.dk)
        v = self.v(x).view(n, self.h, length, self.dk)
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.dk)
        mask = torch.triu(torch.ones(length, length, dtype=torch.bool, device=x.device), diagonal=1)
        weights = torch.softmax(scores.masked_fill(mask, -1e9), dim=-1)
        out = (weights @ v).view(n, length, d)
        return self.norm(x + self.dropout(self.o(out)))
