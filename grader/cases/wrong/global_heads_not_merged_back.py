# transformer: the heads' outputs are reshaped without transposing back
# loses 5.1e: with one head it is right: split by view
# loses 5.1i
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
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x):
        n, length, d = x.shape
        q = self.w_q(x).view(n, length, self.h, self.dk).transpose(1, 2)
        k = self.w_k(x).view(n, length, self.h, self.dk).transpose(1, 2)
        v = self.w_v(x).view(n, length, self.h, self.dk).transpose(1, 2)
        weights = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(self.dk), dim=-1)
        out = (weights @ v).reshape(n, length, d)
        return self.norm(x + self.dropout(self.w_o(out)))
