# transformer: no attention at all, a running mean of projected positions with as many weights
# may lose 5.1t
# loses 5.1f: CausalSelfAttention's output with multiples of the identity as projections and one head
# loses 5.1m
# loses 5.1o
# loses 5.1p

import torch
from torch import nn


class CausalSelfAttention(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        d = kwargs["d_model"]
        self.q, self.k, self.v, self.o = (nn.Linear(d, d) for _ in range(4))
        self.dropout = nn.Dropout(kwargs["dropout_rate"])
        self.norm = nn.LayerNorm(d)

    def forward(self, x):
        counts = torch.arange(1, x.shape[1] + 1, device=x.device).view(1, -1, 1)
        mixed = self.q(x) + self.k(x) + self.v(x)
        mean = torch.cumsum(mixed, dim=1) / counts
        return self.norm(x + self.dropout(self.o(mean)))
