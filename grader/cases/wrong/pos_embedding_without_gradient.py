# transformer: the embedding is looked up under no_grad and never learns
# loses 5.1r: No gradient of the Transformer's outputs arrives at encoder.embedding.

import torch
from torch import nn


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size, d_model, max_len=2048):
        super().__init__()
        self.d_model = d_model
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.register_buffer("pos_encoding", positional_encoding(max_len, d_model))

    def forward(self, x):
        with torch.no_grad():
            x = self.embedding(x) * self.d_model ** 0.5
            x = x + self.pos_encoding[None, : x.shape[1], :]
        return x
