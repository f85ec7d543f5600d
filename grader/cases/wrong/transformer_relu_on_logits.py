# transformer: a ReLU behind the output layer, neither logits nor probabilities
# loses 5.1p: against its parts with the same weights
# may lose 5.1t

from torch import nn


class Transformer(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1):
        super().__init__()
        self.encoder = Encoder(num_layers, d_model, num_heads, dff, input_vocab_size, dropout_rate)
        self.decoder = Decoder(num_layers, d_model, num_heads, dff, target_vocab_size, dropout_rate)
        self.final_layer = nn.Sequential(nn.Linear(d_model, target_vocab_size), nn.ReLU())

    def forward(self, context, x):
        return self.final_layer(self.decoder(x, self.encoder(context)))
