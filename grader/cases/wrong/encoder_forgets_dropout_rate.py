# transformer: dropout_rate is not passed on, all layers keep 0.1
# loses 5.1j: gives two different outputs for the same input in training

from torch import nn


class Encoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.pos_embedding = PositionalEmbedding(vocab_size, d_model)
        self.layers = nn.ModuleList(
            [EncoderLayer(d_model=d_model, num_heads=num_heads, dff=dff) for _ in range(num_layers)]
        )
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        x = self.dropout(self.pos_embedding(x))
        for layer in self.layers:
            x = layer(x)
        return x
