# transformer: the decoder gets the embedded context, the encoder's layers are never run
# loses 5.1p: against its parts with the same weights
# loses 5.1r

from torch import nn


class Transformer(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1):
        super().__init__()
        self.encoder = Encoder(num_layers, d_model, num_heads, dff, input_vocab_size, dropout_rate)
        self.context_embedding = PositionalEmbedding(input_vocab_size, d_model)
        self.decoder = Decoder(num_layers, d_model, num_heads, dff, target_vocab_size, dropout_rate)
        self.final_layer = nn.Linear(d_model, target_vocab_size)

    def forward(self, context, x):
        context = self.context_embedding(context)
        return self.final_layer(self.decoder(x, context))
