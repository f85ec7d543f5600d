"""Part 4: fine-tuning a pre-trained ResNet-18, whole, with frozen layers, and with LoRA.

torchvision finds downloaded weights in ``$TORCH_HOME``; ask for them by their name and let torchvision load them. While
your code is graded, what lies there under ImageNet's name is a stand-in with other numbers.
"""

from __future__ import annotations

from torch import nn


def load_pretrained() -> nn.Module:
    """Part 4.1: torchvision's ResNet-18 with the weights IMAGENET1K_V1, its 1000 outputs kept.

    As torchvision makes it: nothing is frozen, and nothing comes behind ``fc``. Each call makes a new model, for
    ``pt_net``, ``net_freeze`` and ``net_freeze_lora`` of part 4.2.
    """
    raise NotImplementedError("Part 4.1: load_pretrained")


def freeze_early_layers(model: nn.Module) -> nn.Module:
    """Part 4.1: freeze earlier layers of ``model``, never the classifier ``fc``.

    Any choice is right that has ``conv1`` or a convolution of ``layer1`` in it. A frozen parameter is the same, bit
    for bit, after steps of an optimizer with weight decay. The weight and the bias of ``fc`` stay trainable. No value
    changes, and no output. Changes the model; returning it is optional.
    """
    raise NotImplementedError("Part 4.1: freeze_early_layers")


def add_lora_classifier(model: nn.Module, rank: int = 10) -> nn.Module:
    """Part 4.1: make the last layer, ``fc``, a LoRA linear layer of the given rank.

    Its weight is W0 + B·A (times a constant, if you like) with W0 (1000, 512) the pre-trained weight, frozen; A
    (rank, 512) drawn at random, and B (1000, rank), which starts at 0: both are trainable. The pre-trained bias is
    kept, frozen or not. So the model starts with the outputs it had, has rank·(512 + 1000) trainable numbers in ``fc``
    (1000 more with the bias), and what ``fc`` learns is a change of its weight of at most this rank. ``model.fc`` stays
    the classifier; ``model`` may have frozen layers already. loralib, peft or your own layer; ``eval()`` or ``train()``
    may be called twice in a row. Changes the model; returning it is optional.
    Source: Hu et al., LoRA, arXiv:2106.09685, section 4.1.
    """
    raise NotImplementedError("Part 4.1: add_lora_classifier")
