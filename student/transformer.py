"""Part 5: the transformer of "Attention Is All You Need" (Vaswani et al., arXiv:1706.03762).

Sequences come first by batch: (N, L) integers for tokens, (N, L, d_model) float32 inside. Layers are made with
keywords. ``torch.nn.MultiheadAttention`` may be used. What is true of all layers:

- The residual is the layer's first input x. Normalising after the residual, as the paper does, or x before the
  attention or the linear layers are both right; so is a further LayerNorm at the end of an encoder or decoder.
- No layer changes the tensors that it is given. An output depends on its own sequence alone, not on the others of a
  batch.
- ``dropout_rate`` is the share that is dropped in training, passed on to every layer; after ``eval()`` nothing is.
- LayerNorm is ``nn.LayerNorm``'s: over the last dimension, variance without Bessel's correction, scale and shift.
- Parameters are registered, those of each of ``num_layers`` layers by itself, and all of them get gradients.
- Sequences of different lengths may follow each other.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def positional_encoding(length: int, depth: int) -> Tensor:
    """Part 5.1: the encoding of section 3.5, (length, depth) float32, for an even depth. An array is accepted.

    Column 2i holds sin(pos / 10000^(2i/depth)) and column 2i + 1 the cosine of the same angle, pos = 0, 1, ….

    Example:
        >>> positional_encoding(2, 4)  # row 0 is sin 0, cos 0, sin 0, cos 0
        tensor([[0.0000, 1.0000, 0.0000, 1.0000],
                [0.8415, 0.5403, 0.0100, 0.9999]])
    """
    raise NotImplementedError("Part 5.1: positional_encoding")


class PositionalEmbedding(nn.Module):
    """Part 5.1: the embedding of the tokens plus the positional encoding.

    The embedding's rows may be multiplied by √d_model, as in the paper's section 3.4, or not.

    Args:
        vocab_size: the number of different tokens; the embedding's weight is (vocab_size, d_model).
        d_model: the width of the embedding.
        max_len: the longest sequence; shorter ones, from one token on, work as well.
    """

    def __init__(self, vocab_size: int, d_model: int, max_len: int = 2048) -> None:
        raise NotImplementedError("Part 5.1: PositionalEmbedding")

    def forward(self, x: Tensor) -> Tensor:
        """(N, L) integers → (N, L, d_model)."""
        raise NotImplementedError("Part 5.1: PositionalEmbedding")


class GlobalSelfAttention(nn.Module):
    """Part 5.1: every position attends to all positions; then residual and LayerNorm.

    Multi-head attention of the paper's section 3.2: four projections from d_model to d_model (query, key, value and
    output, with or without biases), heads of d_model/num_heads features each, scores divided by the root of that.
    """

    def __init__(self, *, d_model: int, num_heads: int, dropout_rate: float = 0.1) -> None:
        raise NotImplementedError("Part 5.1: GlobalSelfAttention")

    def forward(self, x: Tensor) -> Tensor:
        """(N, L, d_model) → the same shape."""
        raise NotImplementedError("Part 5.1: GlobalSelfAttention")


class CausalSelfAttention(nn.Module):
    """Part 5.1: as GlobalSelfAttention, but a position attends to itself and earlier ones only."""

    def __init__(self, *, d_model: int, num_heads: int, dropout_rate: float = 0.1) -> None:
        raise NotImplementedError("Part 5.1: CausalSelfAttention")

    def forward(self, x: Tensor) -> Tensor:
        """(N, L, d_model) → the same shape."""
        raise NotImplementedError("Part 5.1: CausalSelfAttention")


class CrossAttention(nn.Module):
    """Part 5.1: as GlobalSelfAttention, but the positions of ``x`` attend to those of ``context``.

    Queries come from x, keys and values from context, which may have another length; the residual is x.

    """

    def __init__(self, *, d_model: int, num_heads: int, dropout_rate: float = 0.1) -> None:
        raise NotImplementedError("Part 5.1: CrossAttention")

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """(N, L, d_model) and (N, M, d_model) → (N, L, d_model)."""
        raise NotImplementedError("Part 5.1: CrossAttention")


class FeedForward(nn.Module):
    """Part 5.1: linear to ``dff``, ReLU, linear back, dropout; then residual and LayerNorm.

    Both linear layers have a bias (the paper's equation 2).
    """

    def __init__(self, d_model: int, dff: int, dropout_rate: float = 0.1) -> None:
        raise NotImplementedError("Part 5.1: FeedForward")

    def forward(self, x: Tensor) -> Tensor:
        """(N, L, d_model) → the same shape."""
        raise NotImplementedError("Part 5.1: FeedForward")


class EncoderLayer(nn.Module):
    """Part 5.1: GlobalSelfAttention, then FeedForward."""

    def __init__(self, *, d_model: int, num_heads: int, dff: int, dropout_rate: float = 0.1) -> None:
        raise NotImplementedError("Part 5.1: EncoderLayer")

    def forward(self, x: Tensor) -> Tensor:
        """(N, L, d_model) → the same shape."""
        raise NotImplementedError("Part 5.1: EncoderLayer")


class Encoder(nn.Module):
    """Part 5.1: PositionalEmbedding, then ``num_layers`` of EncoderLayer, each on the output of the one before."""

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
    """Part 5.1: CausalSelfAttention, CrossAttention to the context, FeedForward, in this order."""

    def __init__(self, *, d_model: int, num_heads: int, dff: int, dropout_rate: float = 0.1) -> None:
        raise NotImplementedError("Part 5.1: DecoderLayer")

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """(N, L, d_model) and (N, M, d_model) → (N, L, d_model)."""
        raise NotImplementedError("Part 5.1: DecoderLayer")


class Decoder(nn.Module):
    """Part 5.1: PositionalEmbedding, then ``num_layers`` of DecoderLayer, all with the same context."""

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
    """Part 5.1: Encoder, Decoder and a last linear layer from d_model to target_vocab_size.

    Returns logits, or probabilities where you apply the softmax of the paper's figure 1 (over the last dimension), or
    their logarithms; all are right. The last layer may have a bias, and may share the target embedding's weight.

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
