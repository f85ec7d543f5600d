# transformer: the table is sliced by the batch index, as in code for sequence-first tensors
# loses 5.1c: the first rows for shorter sequences
# loses 5.1d
# loses 5.1n
# loses 5.1o
# loses 5.1p
# loses 5.1t

from torch import nn


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size, d_model, max_len=2048):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.register_buffer("pe", positional_encoding(max_len, d_model).unsqueeze(1))

    def forward(self, x):
        x = self.embedding(x)
        return x + self.pe[: x.size(0)]
