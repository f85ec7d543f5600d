# transformer.py: one fused qkv projection, normalised before the attention, log-softmax at the end
"""Transformer with pre-normalisation, written by hand."""

from __future__ import annotations

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def positional_encoding(length, depth):
    inv_freq = torch.exp(torch.arange(0, depth, 2).float() * (-math.log(10000.0) / depth))
    ang = torch.outer(torch.arange(length).float(), inv_freq)
    return torch.stack((ang.sin(), ang.cos()), dim=-1).flatten(1)


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size, d_model, max_len=2048):
        super().__init__()
        self.d_model = d_model
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.register_buffer("pe", positional_encoding(max_len, d_model)[None], persistent=False)

    def forward(self, x):
        return self.embedding(x) * math.sqrt(self.d_model) + self.pe[:, : x.size(1)]


def split_heads(t, h):
    b, l, d = t.shape
    return t.view(b, l, h, d // h).transpose(1, 2)


def scaled_dot(q, k, v, dropout, mask=None):
    s = torch.matmul(q, k.transpose(-1, -2)).div(math.sqrt(q.size(-1)))
    if mask is not None:
        s = s.masked_fill(mask, torch.finfo(s.dtype).min)
    w = dropout(s.softmax(-1))
    y = torch.matmul(w, v)
    return y.transpose(1, 2).contiguous().flatten(2)


class GlobalSelfAttention(nn.Module):
    causal = False

    def __init__(self, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(d_model)
        self.qkv = nn.Linear(d_model, d_model * 3)
        self.proj = nn.Linear(d_model, d_model)
        self.drop = nn.Dropout(dropout_rate)

    def forward(self, x):
        q, k, v = (split_heads(t, self.num_heads) for t in self.qkv(self.norm(x)).chunk(3, -1))
        mask = None
        if self.causal:
            n = x.size(1)
            mask = torch.ones(n, n, dtype=torch.bool, device=x.device).triu(1)
        return x + self.drop(self.proj(scaled_dot(q, k, v, self.drop, mask)))


class CausalSelfAttention(GlobalSelfAttention):
    causal = True


class CrossAttention(nn.Module):
    def __init__(self, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(d_model)
        self.q = nn.Linear(d_model, d_model)
        self.kv = nn.Linear(d_model, d_model * 2)
        self.proj = nn.Linear(d_model, d_model)
        self.drop = nn.Dropout(dropout_rate)

    def forward(self, x, context):
        q = split_heads(self.q(self.norm(x)), self.num_heads)
        k, v = (split_heads(t, self.num_heads) for t in self.kv(context).chunk(2, -1))
        return x + self.drop(self.proj(scaled_dot(q, k, v, self.drop)))


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        self.net = nn.Sequential(
            nn.LayerNorm(d_model), nn.Linear(d_model, dff), nn.ReLU(), nn.Linear(dff, d_model), nn.Dropout(dropout_rate)
        )

    def forward(self, x):
        return x + self.net(x)


class EncoderLayer(nn.Module):
    def __init__(self, *, d_model, num_heads, dff, dropout_rate=0.1):
        super().__init__()
        self.attn = GlobalSelfAttention(d_model, num_heads, dropout_rate)
        self.ff = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x):
        return self.ff(self.attn(x))


class Encoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.embed = PositionalEmbedding(vocab_size, d_model)
        self.drop = nn.Dropout(dropout_rate)
        self.layers = nn.ModuleList(
            EncoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x):
        x = self.drop(self.embed(x))
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class DecoderLayer(nn.Module):
    def __init__(self, *, d_model, num_heads, dff, dropout_rate=0.1):
        super().__init__()
        self.attn = CausalSelfAttention(d_model, num_heads, dropout_rate)
        self.cross = CrossAttention(d_model, num_heads, dropout_rate)
        self.ff = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x, context):
        return self.ff(self.cross(self.attn(x), context))


class Decoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.embed = PositionalEmbedding(vocab_size, d_model)
        self.drop = nn.Dropout(dropout_rate)
        self.layers = nn.ModuleList(
            DecoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x, context):
        x = self.drop(self.embed(x))
        for layer in self.layers:
            x = layer(x, context)
        return self.norm(x)


class Transformer(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1):
        super().__init__()
        self.encoder = Encoder(num_layers, d_model, num_heads, dff, input_vocab_size, dropout_rate)
        self.decoder = Decoder(num_layers, d_model, num_heads, dff, target_vocab_size, dropout_rate)
        self.head = nn.Linear(d_model, target_vocab_size)

    def forward(self, context, x):
        return F.log_softmax(self.head(self.decoder(x, self.encoder(context))), dim=-1)


def count_matmuls(num_layers, num_heads):
    att = 3 * num_heads + num_heads + num_heads + 1
    return num_layers * ((att + 2) + (2 * att + 2)) + 1
