# transformer: the encoding is multiplied with the embedding
# loses 5.1c: the first rows for shorter sequences
# loses 5.1d
# loses 5.1n
# loses 5.1o
# loses 5.1p

from torch import nn


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size, d_model, max_len=2048):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.register_buffer("pe", positional_encoding(max_len, d_model))

    def forward(self, x):
        return self.embedding(x) * self.pe[: x.shape[1]]
