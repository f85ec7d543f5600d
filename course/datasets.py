"""CIFAR-10 and MNIST as uint8 tensors.

Two sources hold the same arrays: ``fixtures`` is the class-balanced subset that comes with the repository, and
``complete`` is the whole data set, downloaded once through torchvision and kept as ``<name>.npz`` in
:func:`data_dir`. Images stay uint8, a quarter of float32's memory, until a batch is normalised.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "FIXTURES",
    "ImageDataset",
    "Name",
    "Source",
    "Split",
    "complete_arrays",
    "crop_and_flip",
    "data_dir",
    "load",
]

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"

Name = Literal["cifar10", "mnist"]
Split = Literal["train", "test"]
Source = Literal["fixtures", "complete"]

#: Mean and standard deviation by channel of pixel values in [0, 1], as the handout gives them.
STATISTICS: dict[Name, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "mnist": ((0.1307,), (0.3081,)),
}
#: Training and test images of the complete data sets.
SIZES: dict[Name, tuple[int, int]] = {"cifar10": (50_000, 10_000), "mnist": (60_000, 10_000)}


@dataclass(frozen=True)
class ImageDataset:
    """Images with labels, and the statistics that normalise them."""

    images: Tensor
    """(N, C, H, W) uint8"""
    labels: Tensor
    """(N,) int64, classes 0 to 9"""
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.images)

    def to(self, device: torch.device | str) -> ImageDataset:
        """The same data set with both tensors on ``device``."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))

    def normalize(self, images: Tensor) -> Tensor:
        """(x/255 − mean)/std by channel, as torchvision's ToTensor and Normalize: uint8 → float32."""
        mean = torch.tensor(self.mean, device=images.device).view(1, -1, 1, 1)
        std = torch.tensor(self.std, device=images.device).view(1, -1, 1, 1)
        return (images.float() / 255 - mean) / std

    def batches(
        self, batch_size: int, generator: torch.Generator | None = None, *, augment: bool = False
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Normalised batches (images float32, labels); shuffled by ``generator``, in order without one.

        Args:
            augment: crop and flip the images, see :func:`crop_and_flip`; needs a generator.
        """
        device = self.images.device
        if generator is None:
            order = torch.arange(len(self), device=device)
        else:
            order = torch.randperm(len(self), generator=generator).to(device)
        for index in order.split(batch_size):
            images = self.images[index]
            if augment:
                if generator is None:
                    raise ValueError("augment=True draws random numbers: give batches() a generator")
                images = crop_and_flip(images, generator)
            yield self.normalize(images), self.labels[index]


def crop_and_flip(images: Tensor, generator: torch.Generator, padding: int = 4) -> Tensor:
    """The augmentation of part 1 for a whole batch: RandomCrop with ``padding`` zeros around, RandomHorizontalFlip.

    The zeros are put around the uint8 image, before it is normalised: as torchvision's transforms, for the same
    offsets bit for bit.

    Args:
        images: (N, C, H, W) of any dtype and on any device; the result is of the same.
        generator: draws for each image its offset down and to the right, and whether it is flipped; on the CPU, so
            that all devices see the same images.
    """
    count, _, height, width = images.shape
    top, left = torch.randint(0, 2 * padding + 1, (2, count), generator=generator).to(images.device)
    flipped = (torch.rand(count, generator=generator) < 0.5).to(images.device)
    rows = top[:, None] + torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device).expand(count, width)
    columns = left[:, None] + torch.where(flipped[:, None], width - 1 - columns, columns)
    padded = functional.pad(images, (padding,) * 4).permute(0, 2, 3, 1)  # channels last: an index picks whole pixels
    index = torch.arange(count, device=images.device)[:, None, None]
    return padded[index, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()


def data_dir() -> Path:
    """Where complete data sets are kept: ``$DATA_DIR``, or a folder in the user's cache."""
    chosen = os.environ.get("DATA_DIR")
    return Path(chosen) if chosen else Path.home() / ".cache" / "cs2420-pset2"


def load(name: Name, split: Split, source: Source = "fixtures") -> ImageDataset:
    """Load one split of a data set.

    Raises:
        ValueError: an unknown name, split or source.
        RuntimeError: the complete data set is not there and can't be downloaded.
    """
    if name not in STATISTICS or split not in ("train", "test") or source not in ("fixtures", "complete"):
        raise ValueError(
            f"no data set {name!r} ({split!r}, {source!r}): "
            "choose cifar10 or mnist, train or test, fixtures or complete"
        )
    if source == "fixtures":
        with np.load(FIXTURES / f"{name}_{split}.npz", allow_pickle=False) as archive:
            images, labels = archive["images"], archive["labels"]
    else:
        arrays = complete_arrays(name)
        images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
    if images.ndim == 3:  # MNIST: (N, H, W), one channel
        images = images[..., None]
    mean, std = STATISTICS[name]
    return ImageDataset(
        images=torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))),
        labels=torch.from_numpy(labels.astype(np.int64)),
        mean=mean,
        std=std,
    )


def complete_arrays(name: Name) -> dict[str, Any]:
    """All of a data set as uint8 arrays, out of the cache or through torchvision's download.

    Returns:
        ``train_images`` and ``test_images`` (N, 32, 32, 3) or (N, 28, 28), ``train_labels`` and ``test_labels``
        (N,), all uint8.
    """
    path = data_dir() / f"{name}.npz"
    if not path.exists():
        arrays = _download(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        with unfinished.open("wb") as file:
            np.savez_compressed(file, **arrays)
        unfinished.replace(path)
        return arrays
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        found = len(arrays["train_images"]), len(arrays["test_images"])
        if (len(arrays["train_labels"]), len(arrays["test_labels"])) != found:
            raise ValueError("labels and images differ in number")
    except Exception as error:
        raise RuntimeError(f"{path} can't be read ({error}): delete it, it will be downloaded anew") from error
    if found != SIZES[name]:
        raise RuntimeError(f"{path} holds {found} images, not {SIZES[name]}: delete it, it will be downloaded anew")
    return arrays


def _download(name: Name) -> dict[str, Any]:
    """The complete data set through torchvision, which downloads it into ``data_dir()/downloads``."""
    from torchvision import datasets  # takes a second to import, and only this function needs it

    kind = {"cifar10": datasets.CIFAR10, "mnist": datasets.MNIST}[name]
    arrays: dict[str, Any] = {}
    for split in ("train", "test"):
        try:
            part = kind(str(data_dir() / "downloads"), train=split == "train", download=True)
        except Exception as error:  # no network, a full disk, a changed address: torchvision raises many kinds
            raise RuntimeError(
                f"{name} can't be downloaded ({error}): put {name}.npz into {data_dir()}, or name the folder "
                "that holds it in the environment variable DATA_DIR"
            ) from error
        arrays[f"{split}_images"] = np.asarray(part.data, dtype=np.uint8)
        arrays[f"{split}_labels"] = np.asarray(part.targets, dtype=np.uint8)
    return arrays
