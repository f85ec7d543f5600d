# transformer: the weights are masked after the softmax, whose sum still runs over later positions
# loses 5.1f: mask the scores above the diagonal with -inf before the softmax
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
        self.h = num_heads
        self.dk = d_model // num_heads
        self.wq = nn.Linear(d_model, d_model)
        self.wk = nn.Linear(d_model, d_model)
        self.wv = nn.Linear(d_model, d_model)
        self.wo = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x):
        n, length, d = x.shape
        q = self.wq(x).view(n, length, self.h, self.dk).transpose(1, 2)
        k = self.wk(x).view(n, length, self.h, self.dk).transpose(1, 2)
        v = self.wv(x).view(n, length, self.h, self.dk).transpose(1, 2)
        weights = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(self.dk), dim=-1)
        weights = weights * torch.tril(torch.ones(length, length, device=x.device))
        out = (self.dropout(weights) @ v).transpose(1, 2).reshape(n, length, d)
        return self.norm(x + self.wo(out))
