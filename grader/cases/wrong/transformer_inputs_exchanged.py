# transformer: Transformer.forward takes x first and the context second
# loses 5.1j: forward takes the context first
# loses 5.1p: forward takes the context first
# loses 5.1q
# loses 5.1r: in the order of the docstring
# loses 5.1t

from torch import nn


class Transformer(nn.Module):
    def __init__(
        self,
        *,
        num_layers,
        d_model,
        num_heads,
        dff,
        input_vocab_size,
        target_vocab_size,
        dropout_rate=0.1,
    ):
        super().__init__()
        sizes = {"num_layers": num_layers, "d_model": d_model, "num_heads": num_heads, "dff": dff}
        self.encoder = Encoder(**sizes, vocab_size=input_vocab_size, dropout_rate=dropout_rate)
        self.decoder = Decoder(**sizes, vocab_size=target_vocab_size, dropout_rate=dropout_rate)
        self.last = nn.Linear(d_model, target_vocab_size)

    def forward(self, x, context):
        return self.last(self.decoder(x, self.encoder(context)))
