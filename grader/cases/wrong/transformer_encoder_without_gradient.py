# transformer: the encoder runs under no_grad and can't learn
# loses 5.1r: No gradient of the Transformer's outputs arrives at encoder.embedding.

import torch
from torch import nn


class Transformer(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1):
        super().__init__()
        self.encoder = Encoder(num_layers, d_model, num_heads, dff, input_vocab_size, dropout_rate)
        self.decoder = Decoder(num_layers, d_model, num_heads, dff, target_vocab_size, dropout_rate)
        self.final_layer = nn.Linear(d_model, target_vocab_size)

    def forward(self, context, x):
        with torch.no_grad():
            context = self.encoder(context)
        return self.final_layer(self.decoder(x, context))
