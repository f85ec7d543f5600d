# transformer: nn.MultiheadAttention without batch_first=True takes the batch for the sequence
# loses 5.1e: batch_first=True
# loses 5.1f: batch_first=True
# loses 5.1g
# loses 5.1h
# loses 5.1i
# loses 5.1j
# loses 5.1l
# loses 5.1m
# loses 5.1n
# loses 5.1o
# loses 5.1p
# loses 5.1q
# loses 5.1r
# loses 5.1t

import torch
from torch import nn


class _Attention(nn.Module):
    def __init__(self, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.attention = nn.MultiheadAttention(d_model, num_heads, dropout=dropout_rate)
        self.norm = nn.LayerNorm(d_model)


class GlobalSelfAttention(_Attention):
    def forward(self, x):
        return self.norm(x + self.attention(x, x, x, need_weights=False)[0])


class CausalSelfAttention(_Attention):
    def forward(self, x):
        mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
        return self.norm(x + self.attention(x, x, x, need_weights=False, attn_mask=mask)[0])


class CrossAttention(_Attention):
    def forward(self, x, context):
        return self.norm(x + self.attention(x, context, context, need_weights=False)[0])
