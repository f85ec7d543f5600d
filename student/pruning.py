"""Part 3: pruning, of whole filters and of single weights.

The sparse layers are the course's: ``course.layers.SparseConv2d`` with a mask entry a filter, and
``UnstructuredSparseConv2d`` with a mask entry a weight. ``get_sparse_conv2d_layers(net)`` lists those of a network.
"""

from __future__ import annotations

from torch import Tensor, nn

from course.layers import SparseConv2d

#: Part 3.3: the fraction of a layer's filters (or weights) that each pruning step removes, a float.
PRUNE_PERCENTAGE: float | None = None

#: Part 3.3: the five epochs of the 100 at which a pruning step happens, a list of integers, counted from 1 or from 0.
#: After the last step about half of each layer is left. Part 3.4 uses both constants as well.
PRUNE_EPOCHS: list[int] | None = None


class SparseConvNet(nn.Module):
    """Part 3.1: ConvNet (see ``course.models``) with sparse convolutions in place of all nine.

    The same table of channels and strides, 1,212,778 parameters, and with ConvNet's weights the same outputs.

    Attributes:
        model: the nine blocks (``course.layers.sparse_conv_block``) and the average pooling.
        classifier: ``nn.Linear(256, 10)``, not sparse.

    Args:
        conv_layer: the class of the convolutions.
    """

    def __init__(self, conv_layer: type[SparseConv2d] = SparseConv2d) -> None:
        raise NotImplementedError("Part 3.1: SparseConvNet")

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, 32, 32) float32 → logits (N, 10)."""
        raise NotImplementedError("Part 3.1: SparseConvNet")


def filter_l1_pruning(net: nn.Module, prune_percent: float) -> None:
    """Part 3.3: switch off the filters with the smallest L1 norm, in each sparse layer of ``net``.

    Each call switches off ``round(filters × prune_percent)`` *more* filters of a layer, the smallest of those that
    are still on, by setting their entries of the layer's ``_mask`` to 0. A number that is not whole may be rounded up,
    down or to the nearest: the handout leaves that open. Weights may have changed since the last call, and an optimizer
    that was made before goes on training them.

    ``net`` is changed in place; it may be any network with sparse layers (``get_sparse_conv2d_layers(net)``), and each
    layer is looked at by itself. ``_mask`` stays a buffer, which no optimizer trains. Weights that are kept, batch norm
    and linear layers stay as they are. What is off stays off while the network is trained on, and in a copy that is
    made from its ``state_dict``.

    Args:
        prune_percent: a fraction, 0.1 for a tenth.

    Example:
        >>> filter_l1_pruning(net, 0.1)  # a layer of 32 filters has 3 fewer
        >>> filter_l1_pruning(net, 0.1)  # and now 6 fewer
    """
    raise NotImplementedError("Part 3.3: filter_l1_pruning")


def unstructured_pruning(net: nn.Module, prune_percent: float) -> None:
    """Part 3.4: switch off the single weights of smallest magnitude, in each sparse layer of ``net``.

    As ``filter_l1_pruning`` in everything else, for layers of ``UnstructuredSparseConv2d``: each call switches off
    ``round(weights × prune_percent)`` more weights of a layer, where rounding up or down is as right.
    """
    raise NotImplementedError("Part 3.4: unstructured_pruning")
