# transformer: positions have a learned embedding, the sinusoids are never used
# loses 5.1c: the first rows for shorter sequences
# loses 5.1d
# loses 5.1n
# loses 5.1o
# loses 5.1p
# loses 5.1r

import torch
from torch import nn


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size, d_model, max_len=2048):
        super().__init__()
        self.token = nn.Embedding(vocab_size, d_model)
        self.position = nn.Embedding(max_len, d_model)

    def forward(self, x):
        positions = torch.arange(x.shape[1], device=x.device)
        return self.token(x) + self.position(positions)
