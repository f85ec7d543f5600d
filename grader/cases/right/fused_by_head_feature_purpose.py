# transformer: one weight for q, k and v whose rows are ordered by head, feature, purpose

import torch
from torch import Tensor, nn


class _Attention(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.h = num_heads
        self.q = nn.Linear(d_model, 3 * d_model, bias=False)
        self.o = nn.Linear(d_model, d_model)
        self.norm = nn.LayerNorm(d_model)

    def attend(self, x, context, mask=None):
        n, l, d = x.shape
        h = self.h
        e = d // h

        def split(t):
            return self.q(t).reshape(n, -1, h, e, 3).permute(4, 0, 2, 1, 3)

        q = split(x)[0]
        _, k, v = split(context)
        sc = q @ k.transpose(-1, -2) / e**0.5
        if mask is not None:
            sc = sc.masked_fill(mask, float("-inf"))
        out = sc.softmax(-1) @ v  # n h l e
        return self.norm(x + self.o(out.transpose(1, 2).reshape(n, l, d)))


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
