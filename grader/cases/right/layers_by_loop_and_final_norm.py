# transformer: layers by setattr, a final LayerNorm in both stacks, no dropout on the embedding

from torch import nn


class Encoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.num_layers = num_layers
        self.pos_embedding = PositionalEmbedding(vocab_size, d_model, max_len=4096)
        for i in range(1, num_layers + 1):
            setattr(
                self,
                "layer_%d" % i,
                EncoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate),
            )
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x):
        x = self.pos_embedding(x)
        for i in range(1, self.num_layers + 1):
            x = getattr(self, "layer_%d" % i)(x)
        return self.norm(x)


class Decoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.num_layers = num_layers
        self.pos_embedding = PositionalEmbedding(vocab_size, d_model, max_len=4096)
        for i in range(1, num_layers + 1):
            setattr(
                self,
                "layer_%d" % i,
                DecoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate),
            )
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x, context):
        x = self.pos_embedding(x)
        for i in range(1, self.num_layers + 1):
            x = getattr(self, "layer_%d" % i)(x, context)
        return self.norm(x)
