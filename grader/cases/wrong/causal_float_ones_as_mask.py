# transformer: the mask is a float triangle of ones, which MultiheadAttention adds to the scores
# loses 5.1f: mask the scores above the diagonal with -inf before the softmax
# loses 5.1m
# loses 5.1o
# loses 5.1p
# may lose 5.1t

import torch
from torch import nn


class CausalSelfAttention(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        self.mha = nn.MultiheadAttention(
            kwargs["d_model"], kwargs["num_heads"], dropout=kwargs["dropout_rate"], batch_first=True
        )
        self.norm = nn.LayerNorm(kwargs["d_model"])

    def forward(self, x):
        mask = torch.triu(torch.ones(x.size(1), x.size(1), device=x.device), diagonal=1)
        attn, _ = self.mha(x, x, x, attn_mask=mask)
        return self.norm(x + attn)
