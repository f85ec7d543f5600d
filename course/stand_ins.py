"""Random weights for ResNet-18 that replace ImageNet's if those can't be downloaded."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["resnet18_file", "resnet18_stand_in"]


def resnet18_file() -> str:
    """Return the file name under which torchvision caches IMAGENET1K_V1."""
    from torchvision.models import ResNet18_Weights  # takes a second to import

    name: str = ResNet18_Weights.IMAGENET1K_V1.url.rpartition("/")[2]
    return name


def resnet18_stand_in(seed: int) -> dict[str, Tensor]:
    """Draw random weights for ResNet-18 that keep the size of signals from layer to layer.

    Returns:
        A ``state_dict`` with the names and shapes of torchvision's ResNet-18, float32 except for counters.
    """
    from torchvision.models import resnet18

    generator = torch.Generator().manual_seed(seed)
    with torch.device("meta"):  # saves the time for initial weights that would be overwritten
        model = resnet18()
    model.to_empty(device="cpu")
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                # A variance of 2 / inputs keeps the size of signals (He et al., arXiv:1502.01852).
                bound = (6 / module.weight[0].numel()) ** 0.5
                module.weight.uniform_(-bound, bound, generator=generator)
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.0, generator=generator)
                module.bias.uniform_(-0.1, 0.1, generator=generator)
                module.running_mean.uniform_(-0.1, 0.1, generator=generator)  # type: ignore[union-attr]
                module.running_var.uniform_(0.9, 1.1, generator=generator)  # type: ignore[union-attr]
                module.num_batches_tracked.zero_()  # type: ignore[union-attr]
        model.fc.weight.mul_(0.2)
        model.fc.bias.uniform_(-0.1, 0.1, generator=generator)
    return dict(model.state_dict())
