# transformer: the last target token is cut off inside the model, the output is one shorter
# loses 5.1p: The shape of the Transformer's outputs is
# loses 5.1q
# loses 5.1r
# loses 5.1t

from torch import nn


class Transformer(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1):
        super().__init__()
        self.encoder = Encoder(num_layers, d_model, num_heads, dff, input_vocab_size, dropout_rate)
        self.decoder = Decoder(num_layers, d_model, num_heads, dff, target_vocab_size, dropout_rate)
        self.final_layer = nn.Linear(d_model, target_vocab_size)

    def forward(self, context, x):
        context = self.encoder(context)
        x = self.decoder(x[:, :-1], context)
        return self.final_layer(x)
