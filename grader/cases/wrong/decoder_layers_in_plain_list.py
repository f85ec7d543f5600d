# transformer: the decoder keeps its layers in a list, so none is trained, and eval() doesn't reach them
# loses 5.1j
# loses 5.1o
# loses 5.1p
# loses 5.1r: self.dec_layers is not a module and registers nothing: put modules into an nn.ModuleList
# may lose 5.1i
# may lose 5.1q
# may lose 5.1t

from torch import nn


class Decoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.pos_embedding = PositionalEmbedding(vocab_size, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.dec_layers = [
            DecoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
            for _ in range(num_layers)
        ]

    def forward(self, x, context):
        x = self.dropout(self.pos_embedding(x))
        for layer in self.dec_layers:
            x = layer(x, context)
        return x
