# transformer: pre-norm of x, a last LayerNorm in both stacks, and Keras's ε of 1e-3 in every norm

import functools

from torch import nn

Norm = functools.partial(nn.LayerNorm, eps=1e-3)


class _Attention(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.norm = Norm(d_model)
        self.heads = nn.MultiheadAttention(d_model, num_heads, dropout_rate, batch_first=True)

    def attend(self, x, context=None, mask=None):
        y = self.norm(x)
        source = y if context is None else context
        return x + self.heads(y, source, source, attn_mask=mask, need_weights=False)[0]


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        self.norm = Norm(d_model)
        self.net = nn.Sequential(nn.Linear(d_model, dff), nn.ReLU(), nn.Linear(dff, d_model), nn.Dropout(dropout_rate))

    def forward(self, x):
        return x + self.net(self.norm(x))


class _Stack(nn.Module):
    def __init__(self, layer, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate):
        super().__init__()
        self.embedding = PositionalEmbedding(vocab_size, d_model)
        self.layers = nn.ModuleList(
            layer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate) for _ in range(num_layers)
        )
        self.norm = Norm(d_model)

    def forward(self, x, *context):
        y = self.embedding(x)
        for layer in self.layers:
            y = layer(y, *context)
        return self.norm(y)


class Encoder(_Stack):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__(EncoderLayer, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate)


class Decoder(_Stack):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__(DecoderLayer, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate)
