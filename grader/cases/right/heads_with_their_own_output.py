# transformer: each head has an output projection, and the heads are summed

import torch
from torch import Tensor, nn


class _Head(nn.Module):
    def __init__(self, d, e):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(d, e, bias=False) for _ in range(3))
        self.o = nn.Linear(e, d, bias=False)
        self.e = e

    def forward(self, x, c, mask):
        sc = self.q(x) @ self.k(c).transpose(-1, -2) / self.e**0.5
        if mask is not None:
            sc = sc.masked_fill(mask, float("-inf"))
        return self.o(sc.softmax(-1) @ self.v(c))


class _Attention(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.heads = nn.ModuleList(_Head(d_model, d_model // num_heads) for _ in range(num_heads))
        self.norm = nn.LayerNorm(d_model)

    def attend(self, x, context, mask=None):
        return self.norm(x + sum(h(x, context, mask) for h in self.heads))


class GlobalSelfAttention(_Attention):
    def forward(self, x: Tensor) -> Tensor:
        return self.attend(x, x)


class CausalSelfAttention(_Attention):
    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[1]
        later = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        return self.attend(x, x, later)


class CrossAttention(_Attention):
    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        return self.attend(x, context)
