"""Trained weights as safetensors, in the course's own architectures.

Students write SparseConvNet, dw_conv_block and LoRA layers in their own way. A checkpoint doesn't have the attributes
of such a network, but the equivalent weights of ConvNet, DWConvNet or ResNet-18: a pruned weight is 0, and LoRA's
product is added. So anybody can load and measure it without the student's code.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from course.layers import DepthwiseSeparableConvolutionSolution, SparseConv2d
from course.models import ConvNet, DWConvNet
from harness.base.untrusted import UnreadableError, read_bytes

__all__ = [
    "Architecture",
    "CheckpointError",
    "build",
    "digest",
    "export",
    "load",
    "parse",
    "provided_dw_conv_block",
    "read",
    "save",
    "with_provided_layers",
    "write_tensors",
    "zeros",
]

Architecture = Literal["ConvNet", "DWConvNet", "ResNet18"]

#: The most bytes of names and shapes. ResNet-18 has about 12,000, and a longer header would only fill memory.
MAX_HEADER = 100_000

_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


class CheckpointError(Exception):
    """A file or a network doesn't have the architecture. The text is one sentence."""


def provided_dw_conv_block(in_channels: int, out_channels: int) -> nn.Module:
    """A block of DWConvNet with the course's layer, with which students compare their own."""
    layer = DepthwiseSeparableConvolutionSolution(in_channels, out_channels, 3)
    return nn.Sequential(layer, nn.BatchNorm2d(out_channels), nn.ReLU())


def _resnet18() -> nn.Module:
    from torchvision.models import resnet18  # takes a second to import, and only part 4 needs it

    model: nn.Module = resnet18()
    return model


_BUILDERS: dict[Architecture, Callable[[], nn.Module]] = {
    "ConvNet": ConvNet,
    "DWConvNet": lambda: DWConvNet(provided_dw_conv_block),
    "ResNet18": _resnet18,
}


def build(architecture: Architecture) -> nn.Module:
    """The course's network of this name, with random weights."""
    return _BUILDERS[architecture]()


# ---- from a student's network to the architecture ------------------------------------------------------------------


def _is_depthwise(module: nn.Module) -> bool:
    """Whether a module is a student's DepthwiseSeparableConvolution: it has the attributes that the stub asks for."""
    return hasattr(module, "kernel_weights") and hasattr(module, "one_d_conv_weight")


def _depthwise_weights(module: Any) -> tuple[Tensor, Tensor]:
    kernels = torch.stack([kernel.detach() for kernel in module.kernel_weights])[:, None]
    return kernels, module.one_d_conv_weight.detach()


def _convolutions(network: nn.Module) -> list[Tensor]:
    """The weights in use of all convolutions, in the order of ``modules()``."""
    weights: list[Tensor] = []
    inside: set[nn.Module] = set()
    for module in network.modules():
        if module in inside:
            continue
        if isinstance(module, SparseConv2d | nn.Conv2d):
            weights.append(module.weight.detach())
        elif _is_depthwise(module):
            weights += _depthwise_weights(module)
            inside.update(module.modules())
    return weights


def _classifier(network: nn.Module, features: int) -> tuple[Tensor, Tensor]:
    """The weight and bias of the last layer, however it is built, from its outputs for 0 and for unit vectors."""
    layer = getattr(network, "fc", None) or getattr(network, "classifier", None)
    parameter = next(layer.parameters(), None) if isinstance(layer, nn.Module) else None
    if not isinstance(layer, nn.Module) or parameter is None:
        raise CheckpointError("the network has no classifier (nor fc), which the stub asks for")
    was_training = layer.training
    layer.eval()
    try:
        with torch.no_grad():
            bias = layer(torch.zeros(1, features, device=parameter.device))[0]
            rows = layer(torch.eye(features, device=parameter.device))
    except Exception as error:  # any, the layer is a student's
        raise CheckpointError(f"the classifier doesn't take {features} features") from error
    finally:
        layer.train(was_training)
    return (rows - bias).T.contiguous(), bias


def export(network: nn.Module, architecture: Architecture) -> dict[str, Tensor]:
    """The state, on the CPU, with which the architecture computes the same as ``network``.

    Convolutions and batch normalisations are paired in the order in which they were registered.

    Raises:
        CheckpointError: their numbers or shapes differ from the architecture's.
    """
    target = build(architecture)
    state = target.state_dict()
    names = {module: name for name, module in target.named_modules()}
    expected = [module for module in target.modules() if isinstance(module, nn.Conv2d)]
    found = _convolutions(network)
    if len(found) != len(expected):
        raise CheckpointError(f"the network has {len(found)} convolutions, {architecture} has {len(expected)}")
    for place, (weight, layer) in enumerate(zip(found, expected, strict=True), start=1):
        if weight.shape != layer.weight.shape:
            raise CheckpointError(
                f"convolution {place} has weights of shape {tuple(weight.shape)}, in {architecture} they are "
                f"{tuple(layer.weight.shape)}"
            )
        state[f"{names[layer]}.weight"] = weight
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    places = [module for module in target.modules() if isinstance(module, nn.BatchNorm2d)]
    if [norm.num_features for norm in norms] != [place.num_features for place in places]:
        raise CheckpointError(f"the batch normalisations are not those of {architecture}")
    for norm, place_ in zip(norms, places, strict=True):
        state.update({f"{names[place_]}.{key}": value for key, value in norm.state_dict().items()})
    last = "fc" if architecture == "ResNet18" else "classifier"
    outputs, features = state[f"{last}.weight"].shape
    weight, bias = _classifier(network, features)
    if weight.shape != (outputs, features):
        raise CheckpointError(f"the classifier has outputs of shape {tuple(bias.shape)}, not ({outputs},)")
    state[f"{last}.weight"], state[f"{last}.bias"] = weight, bias
    return {name: value.detach().cpu().contiguous() for name, value in state.items()}


def zeros(network: nn.Module) -> list[int]:
    """The number of zeros among the weights in use, for each convolution."""
    return [int((weight == 0).sum()) for weight in _convolutions(network)]


def with_provided_layers(network: nn.Module) -> nn.Module:
    """Replace each depthwise layer of the student's by the course's, with the same weights. This changes ``network``.

    Raises:
        CheckpointError: the network has no such layer.
    """
    replaced = 0
    for parent in list(network.modules()):
        for name, layer in list(parent.named_children()):
            if not _is_depthwise(layer):
                continue
            kernels, pointwise = _depthwise_weights(layer)
            provided = DepthwiseSeparableConvolutionSolution(kernels.shape[0], pointwise.shape[0], kernels.shape[-1])
            provided.to(kernels.device)
            with torch.no_grad():
                provided.depthwise.weight.copy_(kernels)
                provided.pointwise.weight.copy_(pointwise)
            setattr(parent, name, provided)
            replaced += 1
    if not replaced:
        raise CheckpointError("dw_conv_block makes no DepthwiseSeparableConvolution, so that there is none to compare")
    return network


# ---- files ---------------------------------------------------------------------------------------------------------


def digest(path: Path) -> str:
    """SHA-256 of a file, as hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save(state: dict[str, Tensor], path: Path, *, half: bool = False, about: str = "") -> None:
    """Write a state atomically.

    Args:
        half: write matrices and kernels as float16, for networks whose zeros aren't counted.
        about: entries of the file's header, for example the profile.
    """
    if half:
        state = {name: v.half() if v.is_floating_point() and v.ndim > 1 else v for name, v in state.items()}
    # A single entry is used, because several have no fixed order and equal runs must write equal files.
    write_tensors(state, path, {"about": about} if about else None)


def write_tensors(state: dict[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write tensors as safetensors, atomically.

    Raises:
        OSError: the file can't be written.
    """
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_bytes(to_bytes(state, metadata))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _printable(text: str) -> str:
    """The text without line breaks and control characters."""
    return "".join(character if character.isprintable() else "?" for character in text)


def read(path: Path, architecture: Architecture) -> bytes:
    """Read the bytes of an untrusted checkpoint file.

    Raises:
        CheckpointError: the file is missing, isn't a plain file, or is larger than any of this architecture.
    """
    if architecture not in get_args(Architecture):
        raise CheckpointError(f"there is no architecture {architecture!r}")
    try:
        return read_bytes(path, _largest(architecture))
    except UnreadableError as error:
        raise CheckpointError(str(error)) from None


@cache
def _largest(architecture: Architecture) -> int:
    """The most bytes of a file: the architecture's weights as float64, with room for the header."""
    return 8 * sum(value.numel() for value in build(architecture).state_dict().values()) + 100_000


def parse(data: bytes, name: str, architecture: Architecture) -> nn.Module:
    """The architecture in evaluation mode with the float32 weights of a file's bytes.

    Only names, shapes and numbers are read. A file of this format can't have code.

    Args:
        name: the file's name, for messages.

    Raises:
        CheckpointError: the file is damaged, has another format or network, or numbers that aren't finite.
    """
    model = build(architecture)
    state = model.state_dict()
    try:
        if int.from_bytes(data[:8], "little") > MAX_HEADER:
            raise CheckpointError(f"{name} is damaged, or no safetensors file (its header is too long)")
        found = from_bytes(data)
        if set(found) != set(state):
            strange = _printable(", ".join(sorted(set(found) ^ set(state))[:3])[:100])
            raise CheckpointError(f"{name} has not the tensors of {architecture}: {strange} are missing or too many")
        for key, place in state.items():
            value = found[key]
            if value.shape != place.shape:
                shapes = f"{str(tuple(value.shape))[:100]}, in {architecture} it is {tuple(place.shape)}"
                raise CheckpointError(f"{key} in {name} has shape {shapes}")
            if value.dtype not in (_FLOATS if place.is_floating_point() else (place.dtype,)):
                raise CheckpointError(f"{key} in {name} is of type {value.dtype}")
            if not torch.isfinite(value.float()).all():
                raise CheckpointError(f"{key} in {name} holds numbers that are not finite")
            if key.endswith("running_var") and (value < 0).any():
                raise CheckpointError(f"{key} in {name} holds variances below 0")
            state[key] = value.to(place.dtype)
    except CheckpointError:
        raise
    except Exception as error:  # whatever a strange file leads to
        text = _printable(str(error)[:80])
        raise CheckpointError(f"{name} is damaged, or no safetensors file ({text})") from error
    model.load_state_dict(state)
    return model.eval()


def load(path: Path, architecture: Architecture) -> nn.Module:
    """:func:`parse` of what :func:`read` has read; raises what these do."""
    return parse(read(path, architecture), path.name, architecture)
