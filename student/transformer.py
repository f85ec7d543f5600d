"""Part 5: the transformer of "Attention Is All You Need" (Vaswani et al., arXiv:1706.03762).

Sequences come first by batch: (N, L) integers for tokens, (N, L, d_model) float32 inside. Layers are made with
keywords. ``torch.nn.MultiheadAttention`` may be used. Normalising after the residual, as the paper does, or before the
attention are both right.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def positional_encoding(length: int, depth: int) -> Tensor:
    """Part 5.1: the encoding of section 3.5, (length, depth) float32.

    Column 2i holds sin(pos / 10000^(2i/depth)) and column 2i + 1 the cosine of the same angle, pos = 0, 1, ….

    Example:
        >>> positional_encoding(2, 4)  # row 0 is sin 0, cos 0, sin 0, cos 0
        tensor([[0.0000, 1.0000, 0.0000, 1.0000],
                [0.8415, 0.5403, 0.0100, 0.9999]])
    """
    raise NotImplementedError("Part 5.1: positional_encoding")


class PositionalEmbedding(nn.Module):
    """Part 5.1: the embedding of the tokens plus the positional encoding.

    Args:
        vocab_size: the number of different tokens.
        d_model: the width of the embedding.
        max_len: the longest sequence.
    """

    def __init__(self, vocab_size: int, d_model: int, max_len: int = 2048) -> None:
        raise NotImplementedError("Part 5.1: PositionalEmbedding")

    def forward(self, x: Tensor) -> Tensor:
        """(N, L) integers → (N, L, d_model)."""
        raise NotImplementedError("Part 5.1: PositionalEmbedding")


class GlobalSelfAttention(nn.Module):
    """Part 5.1: every position attends to all positions; then residual and LayerNorm.

    Made with the keywords d_model, num_heads and dropout_rate.
    """

    def __init__(self, **kwargs: Any) -> None:
        raise NotImplementedError("Part 5.1: GlobalSelfAttention")

    def forward(self, x: Tensor) -> Tensor:
        """(N, L, d_model) → the same shape."""
        raise NotImplementedError("Part 5.1: GlobalSelfAttention")


class CausalSelfAttention(nn.Module):
    """Part 5.1: a position attends to itself and earlier ones only; then residual and LayerNorm.

    Made with the keywords d_model, num_heads and dropout_rate.
    """

    def __init__(self, **kwargs: Any) -> None:
        raise NotImplementedError("Part 5.1: CausalSelfAttention")

    def forward(self, x: Tensor) -> Tensor:
        """(N, L, d_model) → the same shape."""
        raise NotImplementedError("Part 5.1: CausalSelfAttention")


class CrossAttention(nn.Module):
    """Part 5.1: the positions of ``x`` attend to those of ``context``; then residual (of x) and LayerNorm.

    Made with the keywords d_model, num_heads and dropout_rate.
    """

    def __init__(self, **kwargs: Any) -> None:
        raise NotImplementedError("Part 5.1: CrossAttention")

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """(N, L, d_model) and (N, M, d_model) → (N, L, d_model)."""
        raise NotImplementedError("Part 5.1: CrossAttention")


class FeedForward(nn.Module):
    """Part 5.1: linear to ``dff``, ReLU, linear back, dropout; then residual and LayerNorm."""

    def __init__(self, d_model: int, dff: int, dropout_rate: float = 0.1) -> None:
        raise NotImplementedError("Part 5.1: FeedForward")

    def forward(self, x: Tensor) -> Tensor:
        """(N, L, d_model) → the same shape."""
        raise NotImplementedError("Part 5.1: FeedForward")


class EncoderLayer(nn.Module):
    """Part 5.1: global self-attention, then feed-forward."""

    def __init__(self, *, d_model: int, num_heads: int, dff: int, dropout_rate: float = 0.1) -> None:
        raise NotImplementedError("Part 5.1: EncoderLayer")

    def forward(self, x: Tensor) -> Tensor:
        """(N, L, d_model) → the same shape."""
        raise NotImplementedError("Part 5.1: EncoderLayer")


class Encoder(nn.Module):
    """Part 5.1: positional embedding, then ``num_layers`` encoder layers."""

    def __init__(
        self,
        num_layers: int,
        d_model: int,
        num_heads: int,
        dff: int,
        vocab_size: int,
        dropout_rate: float = 0.1,
    ) -> None:
        raise NotImplementedError("Part 5.1: Encoder")

    def forward(self, x: Tensor) -> Tensor:
        """(N, L) integers → (N, L, d_model)."""
        raise NotImplementedError("Part 5.1: Encoder")


class DecoderLayer(nn.Module):
    """Part 5.1: causal self-attention, cross-attention to the context, feed-forward."""

    def __init__(self, *, d_model: int, num_heads: int, dff: int, dropout_rate: float = 0.1) -> None:
        raise NotImplementedError("Part 5.1: DecoderLayer")

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """(N, L, d_model) and (N, M, d_model) → (N, L, d_model)."""
        raise NotImplementedError("Part 5.1: DecoderLayer")


class Decoder(nn.Module):
    """Part 5.1: positional embedding, then ``num_layers`` decoder layers."""

    def __init__(
        self,
        num_layers: int,
        d_model: int,
        num_heads: int,
        dff: int,
        vocab_size: int,
        dropout_rate: float = 0.1,
    ) -> None:
        raise NotImplementedError("Part 5.1: Decoder")

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """(N, L) integers and (N, M, d_model) → (N, L, d_model)."""
        raise NotImplementedError("Part 5.1: Decoder")


class Transformer(nn.Module):
    """Part 5.1: encoder, decoder and a last linear layer.

    Returns logits, or probabilities where you apply the softmax of the paper's figure 1; both are right.

    Example:
        >>> net = Transformer(num_layers=4, d_model=512, num_heads=8, dff=2048,
        ...                   input_vocab_size=8000, target_vocab_size=8001)
        >>> net(context, x).shape  # context (64, 201), x (64, 200), integers
        torch.Size([64, 200, 8001])
    """

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
        raise NotImplementedError("Part 5.1: Transformer")

    def forward(self, context: Tensor, x: Tensor) -> Tensor:
        """(N, M) and (N, L) integers → (N, L, target_vocab_size)."""
        raise NotImplementedError("Part 5.1: Transformer")


def count_matmuls(num_layers: int, num_heads: int) -> int:
    """Part 5.1: the number of matrix products in one inference of a ``Transformer``.

    Each head counts by itself: its three projections, its scores and its weighted sum. Then there are the output
    projection of each attention layer, two products of each feed-forward layer and one of the output layer. The
    word embedding is left out.
    """
    raise NotImplementedError("Part 5.1: count_matmuls")
