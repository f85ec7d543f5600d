"""Part 2: a linear classifier of handwritten digits, with PyTorch.

``course.digits.load("train")`` gives 300 digits to try it on, ``load("test")`` 200 others.
"""

from __future__ import annotations

from torch import Tensor, nn


class Classifier(nn.Module):
    """Part 2.1: one linear layer, and the logarithm of softmax.

    The 784 pixels of an image are taken row after row, as they are. The layer is an ``nn.Linear(784, 10)``, or has
    the same parameters under other names: a weight (10, 784) and a bias (10,), and no others. The first weights are
    your choice.

    Example:
        >>> Classifier()(torch.rand(5, 1, 28, 28)).exp().sum(dim=1)
        tensor([1., 1., 1., 1., 1.])
    """

    def __init__(self) -> None:
        raise NotImplementedError("Part 2.1: Classifier")

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 1, 28, 28) float32 in [0, 1] → the logarithms of ten probabilities each, (N, 10) float32."""
        raise NotImplementedError("Part 2.1: Classifier")


def fit(model: nn.Module, images: Tensor, labels: Tensor, epochs: int = 20) -> None:
    """Part 2.1: train a classifier in place, by any optimizer.

    After the 20 epochs on 300 digits, the classifier recognises at least 140 of 200 other digits. Nothing is kept
    between calls: a second model that is trained in the same process becomes as good as the first one.

    Args:
        model: a ``Classifier``, whose parameters are changed.
        images: (N, 1, 28, 28) float32 in [0, 1].
        labels: (N,) int64, the class of each image, from 0 to 9; which digit has which class is not always the same.
        epochs: how often each image is used; with ten or more images a step, 20 epochs take about a second.

    Example:
        >>> model = Classifier()
        >>> fit(model, *course.digits.load("train"))
        >>> images, labels = course.digits.load("test")
        >>> int((model(images).argmax(dim=1) == labels).sum())  # yours may be another number
        170
    """
    raise NotImplementedError("Part 2.1: fit")
