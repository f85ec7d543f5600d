# transformer: the mask is the wrong way round, a position sees itself and later ones
# loses 5.1f: mask the scores above the diagonal with -inf before the softmax
# loses 5.1i
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
        self.layernorm = nn.LayerNorm(kwargs["d_model"])

    def forward(self, x):
        length = x.shape[1]
        allowed = torch.triu(torch.ones(length, length, device=x.device)).bool()
        out, _ = self.mha(x, x, x, attn_mask=~allowed)
        return self.layernorm(x + out)
