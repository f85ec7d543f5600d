# transformer.py: the three attentions wrap one class around scaled_dot_product_attention with is_causal
import torch
from torch import nn
import torch.nn.functional as F


def positional_encoding(length, depth):
    table = torch.arange(length)[:, None] * 10000 ** (-(torch.arange(depth) // 2 * 2) / depth)
    even = torch.arange(depth) % 2 == 0
    return torch.where(even, torch.sin(table), torch.cos(table))


class PositionalEmbedding(nn.Embedding):
    def __init__(self, vocab_size, d_model, max_len=2048):
        super().__init__(vocab_size, d_model)
        self.register_buffer("encoding", positional_encoding(max_len, d_model))

    def forward(self, x):
        return super().forward(x) + self.encoding[: x.shape[1]].expand(len(x), -1, -1)


class MultiHead(nn.Module):
    def __init__(self, d_model, num_heads, dropout_rate, causal=False):
        super().__init__()
        self.num_heads, self.rate, self.causal = num_heads, dropout_rate, causal
        self.to_q = nn.Linear(d_model, d_model, bias=False)
        self.to_k = nn.Linear(d_model, d_model, bias=False)
        self.to_v = nn.Linear(d_model, d_model, bias=False)
        self.to_out = nn.Linear(d_model, d_model)
        for layer in (self.to_q, self.to_k, self.to_v, self.to_out):
            nn.init.xavier_uniform_(layer.weight)

    def forward(self, x, source):
        heads = [
            f(y).unflatten(-1, (self.num_heads, -1)).movedim(2, 1)
            for f, y in ((self.to_q, x), (self.to_k, source), (self.to_v, source))
        ]
        out = F.scaled_dot_product_attention(
            *heads, dropout_p=self.rate if self.training else 0.0, is_causal=self.causal
        )
        return self.to_out(out.movedim(1, 2).flatten(-2))


class AddNorm(nn.Module):
    def __init__(self, d_model, dropout_rate):
        super().__init__()
        self.dropout = nn.Dropout(dropout_rate)
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x, y):
        return self.norm(x + self.dropout(y))


class GlobalSelfAttention(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.attention = MultiHead(d_model, num_heads, dropout_rate)
        self.add = AddNorm(d_model, dropout_rate)

    def forward(self, x):
        return self.add(x, self.attention(x, x))


class CausalSelfAttention(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.attention = MultiHead(d_model, num_heads, dropout_rate, causal=True)
        self.add = AddNorm(d_model, dropout_rate)

    def forward(self, x):
        return self.add(x, self.attention(x, x))


class CrossAttention(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.attention = MultiHead(d_model, num_heads, dropout_rate)
        self.add = AddNorm(d_model, dropout_rate)

    def forward(self, x, context):
        return self.add(x, self.attention(x, context))


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        self.up, self.down = nn.Linear(d_model, dff), nn.Linear(dff, d_model)
        self.add = AddNorm(d_model, dropout_rate)

    def forward(self, x):
        return self.add(x, self.down(F.relu(self.up(x))))


class EncoderLayer(nn.Module):
    def __init__(self, *, d_model, num_heads, dff, dropout_rate=0.1):
        super().__init__()
        self.attention = GlobalSelfAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.feed_forward = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x):
        return self.feed_forward(self.attention(x))


class Stack(nn.Module):
    def __init__(self, kind, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate):
        super().__init__()
        self.embedding = PositionalEmbedding(vocab_size, d_model)
        self.layers = nn.ModuleList()
        for _ in range(num_layers):
            self.layers.append(kind(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate))
        self.rate = dropout_rate

    def forward(self, x, *context):
        x = F.dropout(self.embedding(x), self.rate, self.training)
        for layer in self.layers:
            x = layer(x, *context)
        return x


class Encoder(Stack):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__(EncoderLayer, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate)


class DecoderLayer(nn.Module):
    def __init__(self, *, d_model, num_heads, dff, dropout_rate=0.1):
        super().__init__()
        self.self_attention = CausalSelfAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.cross_attention = CrossAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.feed_forward = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x, context):
        x = self.self_attention(x)
        x = self.cross_attention(x, context)
        return self.feed_forward(x)


class Decoder(Stack):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__(DecoderLayer, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate)


class Transformer(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1):
        super().__init__()
        self.encoder = Encoder(num_layers, d_model, num_heads, dff, input_vocab_size, dropout_rate)
        self.decoder = Decoder(num_layers, d_model, num_heads, dff, target_vocab_size, dropout_rate)
        self.generator = nn.Linear(d_model, target_vocab_size, bias=False)

    def forward(self, context, x):
        return self.generator(self.decoder(x, self.encoder(context)))


def count_matmuls(num_layers, num_heads):
    return num_layers * (15 * num_heads + 7) + 1
