# transformer: normalised after each residual and once more before the last linear layer, with Keras's ε of 1e-3

from torch import nn


class _Attention(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.mha = nn.MultiheadAttention(d_model, num_heads, dropout=dropout_rate, batch_first=True)
        self.layernorm = nn.LayerNorm(d_model, eps=1e-3)

    def attend(self, x, context, mask=None):
        return self.layernorm(x + self.mha(query=x, key=context, value=context, attn_mask=mask)[0])


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        self.seq = nn.Sequential(nn.Linear(d_model, dff), nn.ReLU(), nn.Linear(dff, d_model), nn.Dropout(dropout_rate))
        self.layernorm = nn.LayerNorm(d_model, eps=1e-3)

    def forward(self, x):
        return self.layernorm(x + self.seq(x))


class Transformer(nn.Module):
    def __init__(self, *, num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1):
        super().__init__()
        sizes = dict(num_layers=num_layers, d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
        self.encoder = Encoder(vocab_size=input_vocab_size, **sizes)
        self.decoder = Decoder(vocab_size=target_vocab_size, **sizes)
        self.layernorm = nn.LayerNorm(d_model, eps=1e-3)
        self.final_layer = nn.Linear(d_model, target_vocab_size)

    def forward(self, context, x):
        return self.final_layer(self.layernorm(self.decoder(x, self.encoder(context))))
