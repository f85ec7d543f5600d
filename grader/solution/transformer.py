"""Part 5: the reference."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn


def positional_encoding(length: int, depth: int) -> Tensor:
    positions = torch.arange(length, dtype=torch.float64)[:, None]
    even = torch.arange(0, depth, 2, dtype=torch.float64)
    angles = positions / 10000 ** (even / depth)
    encoding = torch.zeros(length, depth, dtype=torch.float64)
    encoding[:, 0::2] = angles.sin()
    encoding[:, 1::2] = angles.cos()
    return encoding.float()


class PositionalEmbedding(nn.Module):
    encoding: Tensor

    def __init__(self, vocab_size: int, d_model: int, max_len: int = 2048) -> None:
        super().__init__()
        self.scale = math.sqrt(d_model)
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.register_buffer("encoding", positional_encoding(max_len, d_model), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        embedded: Tensor = self.embedding(x) * self.scale
        return embedded + self.encoding[: x.shape[1]]


class _Attention(nn.Module):
    def __init__(self, *, d_model: int, num_heads: int, dropout_rate: float = 0.1) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(d_model, num_heads, dropout=dropout_rate, batch_first=True)
        self.norm = nn.LayerNorm(d_model)

    def attend(self, x: Tensor, context: Tensor, mask: Tensor | None = None) -> Tensor:
        attended, _ = self.attention(x, context, context, attn_mask=mask, need_weights=False)
        out: Tensor = self.norm(x + attended)
        return out


class GlobalSelfAttention(_Attention):
    def forward(self, x: Tensor) -> Tensor:
        return self.attend(x, x)


class CausalSelfAttention(_Attention):
    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[1]
        later = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        return self.attend(x, x, later)


class CrossAttention(_Attention):
    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        return self.attend(x, context)


class FeedForward(nn.Module):
    def __init__(self, d_model: int, dff: int, dropout_rate: float = 0.1) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(d_model, dff), nn.ReLU(), nn.Linear(dff, d_model), nn.Dropout(dropout_rate)
        )
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.norm(x + self.layers(x))
        return out


class EncoderLayer(nn.Module):
    def __init__(self, *, d_model: int, num_heads: int, dff: int, dropout_rate: float = 0.1) -> None:
        super().__init__()
        self.self_attention = GlobalSelfAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.feed_forward = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.feed_forward(self.self_attention(x))
        return out


class Encoder(nn.Module):
    def __init__(
        self,
        num_layers: int,
        d_model: int,
        num_heads: int,
        dff: int,
        vocab_size: int,
        dropout_rate: float = 0.1,
    ) -> None:
        super().__init__()
        sizes: dict[str, Any] = {"d_model": d_model, "num_heads": num_heads, "dff": dff, "dropout_rate": dropout_rate}
        self.embedding = PositionalEmbedding(vocab_size, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.layers = nn.ModuleList(EncoderLayer(**sizes) for _ in range(num_layers))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.dropout(self.embedding(x))
        for layer in self.layers:
            out = layer(out)
        return out


class DecoderLayer(nn.Module):
    def __init__(self, *, d_model: int, num_heads: int, dff: int, dropout_rate: float = 0.1) -> None:
        super().__init__()
        heads: dict[str, Any] = {"d_model": d_model, "num_heads": num_heads, "dropout_rate": dropout_rate}
        self.self_attention = CausalSelfAttention(**heads)
        self.cross_attention = CrossAttention(**heads)
        self.feed_forward = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        out: Tensor = self.feed_forward(self.cross_attention(self.self_attention(x), context))
        return out


class Decoder(nn.Module):
    def __init__(
        self,
        num_layers: int,
        d_model: int,
        num_heads: int,
        dff: int,
        vocab_size: int,
        dropout_rate: float = 0.1,
    ) -> None:
        super().__init__()
        sizes: dict[str, Any] = {"d_model": d_model, "num_heads": num_heads, "dff": dff, "dropout_rate": dropout_rate}
        self.embedding = PositionalEmbedding(vocab_size, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.layers = nn.ModuleList(DecoderLayer(**sizes) for _ in range(num_layers))

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        out: Tensor = self.dropout(self.embedding(x))
        for layer in self.layers:
            out = layer(out, context)
        return out


class Transformer(nn.Module):
    def __init__(
        self,
        num_layers: int,
        d_model: int,
        num_heads: int,
        dff: int,
        input_vocab_size: int,
        target_vocab_size: int,
        dropout_rate: float = 0.1,
    ) -> None:
        super().__init__()
        self.encoder = Encoder(num_layers, d_model, num_heads, dff, input_vocab_size, dropout_rate)
        self.decoder = Decoder(num_layers, d_model, num_heads, dff, target_vocab_size, dropout_rate)
        self.output = nn.Linear(d_model, target_vocab_size)

    def forward(self, context: Tensor, x: Tensor) -> Tensor:
        logits: Tensor = self.output(self.decoder(x, self.encoder(context)))
        return logits


def count_matmuls(num_layers: int, num_heads: int) -> int:
    attention = 3 * num_heads + num_heads + num_heads + 1  # projections, scores, weighted sums, output
    feed_forward = 2
    encoder_layer = attention + feed_forward
    decoder_layer = 2 * attention + feed_forward
    return num_layers * (encoder_layer + decoder_layer) + 1
