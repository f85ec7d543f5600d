# transformer.py: weights drawn with standard deviation 0.02 and bias zero, as GPT-2 does, so effects start small
from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


def init_weights(module: nn.Module) -> None:
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, mean=0.0, std=0.02)
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)


def positional_encoding(length: int, depth: int) -> Tensor:
    pos, col = np.mgrid[:length, :depth]
    angle = pos / 10_000.0 ** ((col - col % 2) / depth)
    return torch.as_tensor(np.where(col % 2, np.cos(angle), np.sin(angle)), dtype=torch.float)


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size: int, d_model: int, max_len: int = 2048) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, d_model)
        self.positions = nn.Embedding.from_pretrained(positional_encoding(max_len, d_model), freeze=True)
        init_weights(self.tokens)

    def forward(self, x: Tensor) -> Tensor:
        return self.tokens(x) + self.positions(torch.arange(x.size(1), device=x.device))


class Attention(nn.Module):
    def __init__(self, d_model: int, num_heads: int, dropout_rate: float) -> None:
        super().__init__()
        self.n_head = num_heads
        self.q_attn = nn.Linear(d_model, d_model)
        self.c_attn = nn.Linear(d_model, 2 * d_model)
        self.c_proj = nn.Linear(d_model, d_model)
        self.attn_dropout = nn.Dropout(dropout_rate)
        self.resid_dropout = nn.Dropout(dropout_rate)
        self.apply(init_weights)

    def forward(self, x: Tensor, memory: Tensor | None = None, causal: bool = False) -> Tensor:
        memory = x if memory is None else memory
        (b, t, c), s = x.shape, memory.shape[1]
        q = self.q_attn(x).view(b, t, self.n_head, c // self.n_head).transpose(1, 2)
        k, v = self.c_attn(memory).split(c, dim=2)
        k = k.view(b, s, self.n_head, c // self.n_head).permute(0, 2, 3, 1)
        v = v.view(b, s, self.n_head, c // self.n_head).transpose(1, 2)
        att = (q @ k) * (c // self.n_head) ** -0.5
        if causal:
            att = att + torch.full((t, t), float("-inf"), device=x.device).triu(1)
        y = self.attn_dropout(F.softmax(att, dim=-1)) @ v
        return self.resid_dropout(self.c_proj(y.transpose(1, 2).contiguous().view(b, t, c)))


class GlobalSelfAttention(nn.Module):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        self.attn = Attention(**kwargs)
        self.ln = nn.LayerNorm(kwargs["d_model"])

    def forward(self, x: Tensor) -> Tensor:
        return self.ln(x + self.attn(x))


class CausalSelfAttention(GlobalSelfAttention):
    def forward(self, x: Tensor) -> Tensor:
        return self.ln(x + self.attn(x, causal=True))


class CrossAttention(GlobalSelfAttention):
    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        return self.ln(x + self.attn(x, context))


class FeedForward(nn.Module):
    def __init__(self, d_model: int, dff: int, dropout_rate: float = 0.1) -> None:
        super().__init__()
        self.c_fc = nn.Linear(d_model, dff)
        self.c_proj = nn.Linear(dff, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.ln = nn.LayerNorm(d_model)
        self.apply(init_weights)

    def forward(self, x: Tensor) -> Tensor:
        h = self.c_fc(x)
        h = torch.maximum(h, torch.zeros_like(h))
        return self.ln(x + self.dropout(self.c_proj(h)))


class EncoderLayer(nn.Module):
    def __init__(self, *, d_model: int, num_heads: int, dff: int, dropout_rate: float = 0.1) -> None:
        super().__init__()
        self.attn = GlobalSelfAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.mlp = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x: Tensor) -> Tensor:
        return self.mlp(self.attn(x))


class Encoder(nn.Module):
    def __init__(
        self, num_layers: int, d_model: int, num_heads: int, dff: int, vocab_size: int, dropout_rate: float = 0.1
    ) -> None:
        super().__init__()
        self.wte = PositionalEmbedding(vocab_size, d_model)
        self.drop = nn.Dropout(dropout_rate)
        self.h = nn.ModuleList(
            EncoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
            for _ in range(num_layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(self.wte(x))
        for block in self.h:
            x = block(x)
        return x


class DecoderLayer(nn.Module):
    def __init__(self, *, d_model: int, num_heads: int, dff: int, dropout_rate: float = 0.1) -> None:
        super().__init__()
        self.attn = CausalSelfAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.cross = CrossAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.mlp = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        return self.mlp(self.cross(self.attn(x), context))


class Decoder(nn.Module):
    def __init__(
        self, num_layers: int, d_model: int, num_heads: int, dff: int, vocab_size: int, dropout_rate: float = 0.1
    ) -> None:
        super().__init__()
        self.wte = PositionalEmbedding(vocab_size, d_model)
        self.drop = nn.Dropout(dropout_rate)
        self.h = nn.ModuleList(
            DecoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
            for _ in range(num_layers)
        )

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        x = self.drop(self.wte(x))
        for block in self.h:
            x = block(x, context)
        return x


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
        self.lm_head = nn.Linear(d_model, target_vocab_size)
        init_weights(self.lm_head)

    def forward(self, context: Tensor, x: Tensor) -> Tensor:
        return self.lm_head(self.decoder(x, self.encoder(context)))


def count_matmuls(num_layers: int, num_heads: int) -> int:
    return 1 + 7 * num_layers + 15 * num_layers * num_heads
