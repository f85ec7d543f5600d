# transformer: every layer is fed with the embedding, only the last one's output is returned
# loses 5.1n: then each layer on the output of the one before
# loses 5.1p
# loses 5.1r

from torch import nn


class Encoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.pos_embedding = PositionalEmbedding(vocab_size, d_model)
        self.layers = nn.ModuleList(
            [
                EncoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
                for _ in range(num_layers)
            ]
        )
        self.dropout = nn.Dropout(dropout_rate)

    def forward(self, x):
        x = self.dropout(self.pos_embedding(x))
        out = x
        for layer in self.layers:
            out = layer(x)
        return out
