# transformer: scaled_dot_product_attention, NumPy positional encoding made anew in each call, layers by deepcopy, output tied to the target embedding, probabilities
# free because: "An array is accepted"; "may share the target embedding's weight"; "or probabilities"; each layer has parameters of its own
import copy

import numpy as np
from torch.nn import functional


def positional_encoding(length, depth):
    column = np.arange(depth)
    angle = np.arange(length)[:, None] * np.power(10000.0, -(column - column % 2) / depth)
    return np.where(column % 2 == 0, np.sin(angle), np.cos(angle)).astype(np.float32)


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size, d_model, max_len=2048):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(vocab_size, d_model) * d_model**-0.5)

    def forward(self, x):
        length, width = x.shape[1], self.weight.shape[1]
        where = torch.from_numpy(positional_encoding(length, width)).to(self.weight.device)
        return functional.embedding(x, self.weight) * width**0.5 + where


class _Fused(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.heads, self.rate = num_heads, dropout_rate
        self.projections = nn.ModuleDict({name: nn.Linear(d_model, d_model) for name in ("q", "k", "v", "o")})
        self.ln = nn.LayerNorm(d_model)

    def run(self, x, source, causal=False):
        q, k, v = (
            self.projections[name](given).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for name, given in (("q", x), ("k", source), ("v", source))
        )
        rate = self.rate if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(q, k, v, dropout_p=rate, is_causal=causal)
        out = self.projections["o"](mixed.transpose(1, 2).flatten(2))
        return self.ln(x + functional.dropout(out, self.rate, self.training))


class GlobalSelfAttention(_Fused):
    def forward(self, x):
        return self.run(x, x)


class CausalSelfAttention(_Fused):
    def forward(self, x):
        return self.run(x, x, causal=True)


class CrossAttention(_Fused):
    def forward(self, x, context):
        return self.run(x, context)


class Encoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.embed = PositionalEmbedding(vocab_size, d_model)
        first = EncoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
        self.blocks = nn.ModuleList([copy.deepcopy(first) for _ in range(num_layers)])

    def forward(self, x):
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        return x


class Decoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.embed = PositionalEmbedding(vocab_size, d_model)
        first = DecoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
        self.blocks = nn.ModuleList([copy.deepcopy(first) for _ in range(num_layers)])

    def forward(self, x, context):
        x = self.embed(x)
        for block in self.blocks:
            x = block(x, context)
        return x


class Transformer(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1):
        super().__init__()
        self.encoder = Encoder(num_layers, d_model, num_heads, dff, input_vocab_size, dropout_rate)
        self.decoder = Decoder(num_layers, d_model, num_heads, dff, target_vocab_size, dropout_rate)

    def forward(self, context, x):
        decoded = self.decoder(x, self.encoder(context))
        return functional.softmax(decoded @ self.decoder.embed.weight.T, dim=-1)


def count_matmuls(num_layers, num_heads):
    total = 1
    for attentions in (1, 2):
        total += num_layers * (attentions * (5 * num_heads + 1) + 2)
    return total
