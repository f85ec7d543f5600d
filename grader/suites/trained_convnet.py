"""The trained ConvNet as a network of sparse layers, whose weights are pruned in the student's worker."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from course.datasets import ImageDataset
from course.models import CONVNET_LAYERS, ConvNet
from grader import worker_functions
from grader.suites.pruning_checks import Kind, layers_of
from harness.checks import as_array, as_module, assert_true
from harness.host.proxies import RemoteModule, Student

__all__ = ["as_convnet", "recognised", "sparse_convnet", "transplant", "with_weights"]


def sparse_convnet(student: Student, convnet: ConvNet, kind: Kind) -> RemoteModule:
    """Make the trained ConvNet from the course's sparse layers in the student's worker."""
    layers = [[c_in, c_out, 3, stride] for c_in, c_out, stride in CONVNET_LAYERS]
    net = as_module(student.run(worker_functions.sparse_network, layers, kind.single_weights), "the net")
    transplant(student, net, convnet)
    return net


SPARSE = ("SparseConv2d", "UnstructuredSparseConv2d")


def counterparts(student: Student, net: RemoteModule, convnet: ConvNet) -> list[tuple[str, str]]:
    """Pair the names of a network's layers with those of ConvNet's layers, in order within each kind of layer."""
    pairs = []
    there = student.run(worker_functions.module_classes, net, of=list[tuple[str, str]])
    for kind, sparse in (("Conv2d", SPARSE), ("BatchNorm2d", ("BatchNorm2d",)), ("Linear", ("Linear",))):
        theirs = [name for name, found in there if found in sparse]
        ours = [name for name, one in convnet.named_modules() if type(one).__name__ == kind]
        assert_true(
            len(theirs) == len(ours),
            f"The network has {len(theirs)} layers of {sparse[0]}, expected {len(ours)}.",
            "nine times a sparse convolution and a BatchNorm2d, then one Linear.",
        )
        pairs += list(zip(theirs, ours, strict=True))
    return pairs


def transplant(student: Student, net: RemoteModule, convnet: ConvNet) -> None:
    """Write ConvNet's weights and statistics into a network with the same layers."""
    state = convnet.state_dict()
    convolutions = {name for name, one in convnet.named_modules() if isinstance(one, torch.nn.Conv2d)}
    values = {}
    for theirs, ours in counterparts(student, net, convnet):
        for key, value in state.items():
            layer, _, attribute = key.rpartition(".")
            if layer == ours:
                values[f"{theirs}.{'_weight' if ours in convolutions else attribute}"] = value
    net.write(values)


def as_convnet(student: Student, net: RemoteModule) -> ConvNet:
    """Make a ConvNet on the host side with the statistics and the weights in use of a sparse network."""
    own = ConvNet()
    in_use = {layer.name: layer.weight for layer in layers_of(student, net, len(CONVNET_LAYERS))}
    state = net.state_dict()
    values = {}
    for theirs, ours in counterparts(student, net, own):
        for key, expected in own.state_dict().items():
            layer, _, attribute = key.rpartition(".")
            if layer == ours:
                value = in_use[theirs] if theirs in in_use else state.get(f"{theirs}.{attribute}")
                found = as_array(value, f"{attribute} of {theirs}", shape=tuple(expected.shape))
                values[key] = torch.from_numpy(found)
    own.load_state_dict(values)
    return own


def with_weights(convnet: ConvNet, layers: Sequence[Tensor]) -> ConvNet:
    """Return a copy of ConvNet with other weights in its convolutions."""
    pruned = ConvNet()
    pruned.load_state_dict(convnet.state_dict())
    convolutions = [one for one in pruned.modules() if isinstance(one, torch.nn.Conv2d)]
    with torch.no_grad():
        for convolution, weight in zip(convolutions, layers, strict=True):
            convolution.weight.copy_(weight)
    return pruned.eval()


BATCH = 100
"""Images at once. The activations of more don't fit into a processor's cache."""
_RECOGNISED: dict[tuple[str, int], int] = {}


@torch.no_grad()
def recognised(net: ConvNet, images: ImageDataset, count: int) -> int:
    """Return how many of the first ``count`` test images of fixtures/ a network recognises.

    The count is kept for equal weights, because most submissions that a process grades arrive at the same ones.
    """
    digest = hashlib.sha256()
    for value in net.state_dict().values():
        digest.update((value + 0).numpy())  # a weight that is masked may be -0.0
    key = digest.hexdigest(), count
    if key not in _RECOGNISED:
        batches = images.normalize(images.images[:count]).split(BATCH)
        found = torch.cat([net(batch).argmax(1) for batch in batches])
        _RECOGNISED[key] = int((found == images.labels[:count]).sum())
    return _RECOGNISED[key]
