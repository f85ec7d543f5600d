"""Part 4: fine-tuning a pre-trained ResNet-18, whole, with frozen layers, and with LoRA.

torchvision finds downloaded weights in ``$TORCH_HOME``; ask for them by their name and let torchvision load them.
"""

from __future__ import annotations

from torch import nn


def load_pretrained() -> nn.Module:
    """Part 4.1: torchvision's ResNet-18 with the weights IMAGENET1K_V1, its 1000 outputs kept."""
    raise NotImplementedError("Part 4.1: load_pretrained")


def freeze_early_layers(model: nn.Module) -> nn.Module:
    """Part 4.1: freeze earlier layers of ``model`` (any choice of them), never the classifier ``fc``.

    Changes the model and returns it.
    """
    raise NotImplementedError("Part 4.1: freeze_early_layers")


def add_lora_classifier(model: nn.Module, rank: int = 10) -> nn.Module:
    """Part 4.1: make the last layer, ``fc``, a LoRA linear layer of the given rank.

    Its weight is W0 + B·A with W0 (1000, 512) the pre-trained weight, frozen; A (rank, 512) and B (1000, rank), which
    starts at 0. The bias is kept. loralib, peft or your own layer. Changes the model and returns it.
    Source: Hu et al., LoRA, arXiv:2106.09685, section 4.1.
    """
    raise NotImplementedError("Part 4.1: add_lora_classifier")
