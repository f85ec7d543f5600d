# transformer.py: heads folded into the batch with bmm and baddbmm, own LayerNorm and dropout classes, classes in another order
import math

import torch
from torch import nn


class Norm(nn.Module):
    """Layer normalisation written out."""

    def __init__(self, size, eps=1e-5):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(size))
        self.shift = nn.Parameter(torch.zeros(size))
        self.eps = eps

    def forward(self, x):
        centred = x - x.mean(-1, keepdim=True)
        return self.gain * centred / (centred.square().mean(-1, keepdim=True) + self.eps).sqrt() + self.shift


class Drop(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if not self.training or self.rate == 0:
            return x
        keep = torch.rand_like(x) >= self.rate
        return x * keep / (1 - self.rate)


class Transformer(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1):
        nn.Module.__init__(self)
        sizes = dict(num_layers=num_layers, d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
        self.encoder = Encoder(vocab_size=input_vocab_size, **sizes)
        self.decoder = Decoder(vocab_size=target_vocab_size, **sizes)
        self.output = nn.Linear(d_model, target_vocab_size)

    def forward(self, context, x):
        memory = self.encoder(context)
        hidden = self.decoder(x, memory)
        return self.output(hidden)


class Encoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        nn.Module.__init__(self)
        self.embedding = PositionalEmbedding(vocab_size, d_model)
        self.drop = Drop(dropout_rate)
        self.layers = nn.ModuleList(
            [
                EncoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
                for _ in range(num_layers)
            ]
        )

    def forward(self, x):
        h = self.drop(self.embedding(x))
        for layer in self.layers:
            h = layer(h)
        return h


class Decoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        nn.Module.__init__(self)
        self.embedding = PositionalEmbedding(vocab_size, d_model)
        self.drop = Drop(dropout_rate)
        self.layers = nn.ModuleList(
            [
                DecoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
                for _ in range(num_layers)
            ]
        )

    def forward(self, x, context):
        h = self.drop(self.embedding(x))
        for layer in self.layers:
            h = layer(h, context)
        return h


class EncoderLayer(nn.Module):
    def __init__(self, *, d_model, num_heads, dff, dropout_rate=0.1):
        nn.Module.__init__(self)
        self.attention = GlobalSelfAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.ff = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x):
        return self.ff(self.attention(x))


class DecoderLayer(nn.Module):
    def __init__(self, *, d_model, num_heads, dff, dropout_rate=0.1):
        nn.Module.__init__(self)
        self.attention = CausalSelfAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.cross = CrossAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.ff = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x, context):
        return self.ff(self.cross(self.attention(x), context))


class _Heads(nn.Module):
    def __init__(self, d_model, num_heads, dropout_rate=0.1):
        nn.Module.__init__(self)
        self.h = num_heads
        self.q = nn.Linear(d_model, d_model)
        self.k = nn.Linear(d_model, d_model)
        self.v = nn.Linear(d_model, d_model)
        self.o = nn.Linear(d_model, d_model)
        self.drop = Drop(dropout_rate)
        self.norm = Norm(d_model)

    def fold(self, t):
        # (N, L, d) -> (h N, L, d / h)
        return torch.cat(t.chunk(self.h, dim=2), dim=0)

    def unfold(self, t):
        return torch.cat(t.chunk(self.h, dim=0), dim=2)

    def attend(self, x, source, bias):
        q, k, v = self.fold(self.q(x)), self.fold(self.k(source)), self.fold(self.v(source))
        scores = torch.baddbmm(bias.expand(q.shape[0], -1, -1), q, k.mT, alpha=1 / math.sqrt(q.shape[2]))
        scores = scores - scores.amax(-1, keepdim=True)
        weights = scores.exp()
        weights = weights / weights.sum(-1, keepdim=True)
        return self.norm(x + self.drop(self.o(self.unfold(torch.bmm(weights, v)))))


class GlobalSelfAttention(_Heads):
    def forward(self, x):
        return self.attend(x, x, x.new_zeros(1, x.shape[1], x.shape[1]))


class CausalSelfAttention(_Heads):
    def forward(self, x):
        return self.attend(x, x, x.new_full((1, x.shape[1], x.shape[1]), -math.inf).triu(1))


class CrossAttention(_Heads):
    def forward(self, x, context):
        return self.attend(x, context, x.new_zeros(1, x.shape[1], context.shape[1]))


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        nn.Module.__init__(self)
        self.net = nn.Sequential(nn.Linear(d_model, dff), nn.ReLU(), nn.Linear(dff, d_model), Drop(dropout_rate))
        self.norm = Norm(d_model)

    def forward(self, x):
        return self.norm(x + self.net(x))


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size, d_model, max_len=2048):
        nn.Module.__init__(self)
        self.embedding = nn.Embedding(vocab_size, d_model, padding_idx=0)
        self.pe = positional_encoding(max_len, d_model)

    def forward(self, x):
        return self.embedding(x) + self.pe[: x.shape[1]].to(x.device)


def positional_encoding(length, depth):
    pe = torch.empty(length, depth)
    for column in range(depth):
        wave = torch.sin if column % 2 == 0 else torch.cos
        pe[:, column] = wave(torch.arange(length) / 10000 ** ((column - column % 2) / depth))
    return pe


def count_matmuls(num_layers, num_heads):
    per_attention = {"projections": 3 * num_heads, "scores": num_heads, "sums": num_heads, "output": 1}
    return num_layers * (3 * sum(per_attention.values()) + 4) + 1
