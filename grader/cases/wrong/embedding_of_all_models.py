# transformer: the nn.Embedding comes from a class-wide dict keyed by its size, so different models share and train one
# loses 5.1r: Two Transformers share parameters
import torch
from torch import nn


class PositionalEmbedding(nn.Module):
    _tables = {}

    def __init__(self, vocab_size, d_model, max_len=2048):
        super().__init__()
        self.d_model = d_model
        self.embedding = self._tables.setdefault((vocab_size, d_model), nn.Embedding(vocab_size, d_model))
        pe = torch.as_tensor(positional_encoding(max_len, d_model), dtype=torch.float32)
        self.register_buffer("pe", pe.reshape(max_len, d_model), persistent=False)

    def forward(self, x):
        return self.embedding(x) * self.d_model**0.5 + self.pe[: x.shape[1]]
