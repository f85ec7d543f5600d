# transformer.py: raw parameters of shape (heads, d_model, d_head) and einsum, no bias, encoding computed in forward
from __future__ import annotations

import torch
from torch import Tensor, nn


def positional_encoding(length: int, depth: int) -> Tensor:
    pos = torch.arange(length, dtype=torch.float64)
    omega = 10000.0 ** (-torch.arange(0, depth, 2, dtype=torch.float64) / depth)
    rotation = torch.polar(torch.ones(length, len(omega), dtype=torch.float64), torch.einsum("l,f->lf", pos, omega))
    pairs = torch.stack([rotation.imag, rotation.real], dim=2)
    return pairs.reshape(length, -1)[:, :depth].to(torch.float32)


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size: int, d_model: int, max_len: int = 2048) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(vocab_size, d_model) * d_model**-0.5)
        self.scale = d_model**0.5

    def forward(self, x: Tensor) -> Tensor:
        pe = positional_encoding(x.shape[-1], self.table.shape[1]).to(self.table)
        return self.table[x] * self.scale + pe


class _Attention(nn.Module):
    def __init__(self, d_model: int, num_heads: int, dropout_rate: float = 0.1) -> None:
        super().__init__()
        dh, rem = divmod(d_model, num_heads)
        if rem:
            raise ValueError("num_heads must divide d_model")
        for name in ("wq", "wk", "wv"):
            setattr(self, name, nn.Parameter(torch.randn(num_heads, d_model, dh) / d_model**0.5))
        self.wo = nn.Parameter(torch.randn(num_heads, dh, d_model) / d_model**0.5)
        self.dropout = nn.Dropout(dropout_rate)
        self.norm = nn.LayerNorm(d_model, eps=1e-6)
        self.temperature = dh**0.5

    def _attend(self, x: Tensor, memory: Tensor, mask: Tensor | None = None) -> Tensor:
        q = torch.einsum("nld,hde->nhle", x, self.wq)
        k = torch.einsum("nmd,hde->nhme", memory, self.wk)
        v = torch.einsum("nmd,hde->nhme", memory, self.wv)
        scores = torch.einsum("nhle,nhme->nhlm", q / self.temperature, k)
        if mask is not None:
            scores = scores + mask
        weights = scores.softmax(dim=-1)
        out = torch.einsum("nhlm,nhme,hed->nld", weights, v, self.wo)
        return self.norm(x + self.dropout(out))


class GlobalSelfAttention(_Attention):
    def forward(self, x: Tensor) -> Tensor:
        return self._attend(x, x)


class CausalSelfAttention(_Attention):
    def forward(self, x: Tensor) -> Tensor:
        steps = torch.arange(x.shape[1], device=x.device)
        mask = torch.where(steps[None, :] > steps[:, None], -1e10, 0.0).to(x.dtype)
        return self._attend(x, x, mask)


class CrossAttention(_Attention):
    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        return self._attend(x, context)


class FeedForward(nn.Module):
    def __init__(self, d_model: int, dff: int, dropout_rate: float = 0.1) -> None:
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(d_model, dff) * (2 / d_model) ** 0.5)
        self.b1 = nn.Parameter(torch.zeros(dff))
        self.w2 = nn.Parameter(torch.randn(dff, d_model) / dff**0.5)
        self.b2 = nn.Parameter(torch.zeros(d_model))
        self.dropout = nn.Dropout(dropout_rate)
        self.norm = nn.LayerNorm(d_model, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        hidden = (x @ self.w1 + self.b1).clamp(min=0)
        return self.norm(x + self.dropout(hidden @ self.w2 + self.b2))


class EncoderLayer(nn.Module):
    def __init__(self, *, d_model: int, num_heads: int, dff: int, dropout_rate: float = 0.1) -> None:
        super().__init__()
        self.steps = nn.Sequential(
            GlobalSelfAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate),
            FeedForward(d_model, dff, dropout_rate),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.steps(x)


class Encoder(nn.Sequential):
    def __init__(
        self, num_layers: int, d_model: int, num_heads: int, dff: int, vocab_size: int, dropout_rate: float = 0.1
    ) -> None:
        super().__init__(
            PositionalEmbedding(vocab_size, d_model),
            nn.Dropout(dropout_rate),
            *(
                EncoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
                for _ in range(num_layers)
            ),
        )


class DecoderLayer(nn.Module):
    def __init__(self, *, d_model: int, num_heads: int, dff: int, dropout_rate: float = 0.1) -> None:
        super().__init__()
        args = {"d_model": d_model, "num_heads": num_heads, "dropout_rate": dropout_rate}
        self.first = CausalSelfAttention(**args)
        self.second = CrossAttention(**args)
        self.third = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        return self.third(self.second(self.first(x), context))


class Decoder(nn.Module):
    def __init__(
        self, num_layers: int, d_model: int, num_heads: int, dff: int, vocab_size: int, dropout_rate: float = 0.1
    ) -> None:
        super().__init__()
        self.embedding = PositionalEmbedding(vocab_size, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.depth = num_layers
        for i in range(num_layers):
            self.add_module(
                f"layer{i}", DecoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
            )

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        x = self.dropout(self.embedding(x))
        for i in range(self.depth):
            x = getattr(self, f"layer{i}")(x, context)
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
        self.out = nn.Parameter(torch.randn(d_model, target_vocab_size) / d_model**0.5)

    def forward(self, context: Tensor, x: Tensor) -> Tensor:
        return torch.einsum("nld,dv->nlv", self.decoder(x, self.encoder(context)), self.out)


def count_matmuls(num_layers: int, num_heads: int) -> int:
    attentions, feed_forwards = 3 * num_layers, 2 * num_layers
    return attentions * (5 * num_heads + 1) + feed_forwards * 2 + 1
