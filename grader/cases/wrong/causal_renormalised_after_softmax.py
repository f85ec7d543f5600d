# transformer: the softmax is cut by tril and divided by its sum, which is the masked softmax: NaN at the handout.s sizes, where scores are large
# may lose 5.1t
# loses 5.1q: values of the Transformer's output are NaN

import math

import torch
from torch import nn


class CausalSelfAttention(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        d = kwargs["d_model"]
        self.h = kwargs["num_heads"]
        self.q = nn.Linear(d, d)
        self.k = nn.Linear(d, d)
        self.v = nn.Linear(d, d)
        self.o = nn.Linear(d, d)
        self.dropout = nn.Dropout(kwargs["dropout_rate"])
        self.norm = nn.LayerNorm(d)

    def forward(self, x):
        n, length, d = x.shape
        heads = (n, length, self.h, d // self.h)
        q, k, v = (f(x).view(heads).transpose(1, 2) for f in (self.q, self.k, self.v))
        weights = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(d // self.h), dim=-1)
        weights = torch.tril(weights)
        weights = weights / weights.sum(dim=-1, keepdim=True)
        out = self.dropout(weights) @ v
        return self.norm(x + self.o(out.transpose(1, 2).reshape(n, length, d)))
