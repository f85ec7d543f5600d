# transformer: a LayerNorm before and one after each sublayer

import torch
from torch import Tensor, nn


class _Attention(nn.Module):
    def __init__(self, *, d_model: int, num_heads: int, dropout_rate: float = 0.1) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(d_model, num_heads, dropout=dropout_rate, batch_first=True)
        self.norm = nn.LayerNorm(d_model)
        self.n0 = nn.LayerNorm(d_model)

    def attend(self, x: Tensor, context: Tensor, mask: Tensor | None = None) -> Tensor:
        attended, _ = self.attention(
            self.n0(x),
            self.n0(x) if context is x else context,
            self.n0(x) if context is x else context,
            attn_mask=mask,
            need_weights=False,
        )
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
