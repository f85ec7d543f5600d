# transformer: an own LayerNorm whose scale has the shape (1, 1, d)

import torch
from torch import Tensor, nn


class _Norm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.g = nn.Parameter(torch.ones(1, 1, d))
        self.b = nn.Parameter(torch.zeros(1, 1, d))

    def forward(self, x):
        return (x - x.mean(-1, keepdim=True)) / (
            x.var(-1, keepdim=True, unbiased=False) + 1e-5
        ).sqrt() * self.g + self.b


class _Attention(nn.Module):
    def __init__(self, *, d_model: int, num_heads: int, dropout_rate: float = 0.1) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(d_model, num_heads, dropout=dropout_rate, batch_first=True)
        self.norm = _Norm(d_model)

    def attend(self, x: Tensor, context: Tensor, mask: Tensor | None = None) -> Tensor:
        attended, _ = self.attention(x, context, context, attn_mask=mask, need_weights=False)
        out: Tensor = self.norm(x + attended)
        return out


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


class FeedForward(nn.Module):
    def __init__(self, d_model: int, dff: int, dropout_rate: float = 0.1) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(d_model, dff), nn.ReLU(), nn.Linear(dff, d_model), nn.Dropout(dropout_rate)
        )
        self.norm = _Norm(d_model)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.norm(x + self.layers(x))
        return out
