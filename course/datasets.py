"""CIFAR-10, MNIST and CINIC-10 as uint8 tensors.

Two sources hold the same arrays: ``fixtures`` is the class-balanced subset that comes with the repository (not of
CINIC-10), and ``complete`` is the whole data set, downloaded once and kept as ``<name>.npz`` in :func:`data_dir`. Of
CINIC-10's three splits, train and test are kept (see :func:`course.downloads.read_cinic10`). Images stay uint8, a
quarter of float32's memory, until a batch is normalised.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from course import downloads
from course.downloads import DataError, UnusableDataError, data_dir

__all__ = [
    "FIXTURES",
    "DataError",
    "ImageDataset",
    "Name",
    "Source",
    "Split",
    "UnusableDataError",
    "apply_crops",
    "check_data_dir",
    "complete_arrays",
    "crop_and_flip",
    "data_dir",
    "draw_crops",
    "load",
    "read_file",
]

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"

Name = Literal["cifar10", "mnist", "cinic10"]
Split = Literal["train", "test"]
Source = Literal["fixtures", "complete"]

#: Mean and standard deviation by channel of pixel values in [0, 1], as the handout gives them.
STATISTICS: dict[Name, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "mnist": ((0.1307,), (0.3081,)),
    "cinic10": ((0.47889522, 0.47227842, 0.43047404), (0.24205776, 0.23828046, 0.25874835)),
}
#: Training and test images of the complete data sets.
SIZES: dict[Name, tuple[int, int]] = {
    "cifar10": (50_000, 10_000),
    "mnist": (60_000, 10_000),
    "cinic10": (90_000, 90_000),
}


@dataclass(frozen=True)
class ImageDataset:
    """Images with labels, and the statistics that normalise them."""

    images: Tensor
    """``(N, C, H, W)`` uint8."""
    labels: Tensor
    """``(N,)`` int64: classes from 0 to 9."""
    mean: tuple[float, ...]
    std: tuple[float, ...]
    padding: int = 4
    """The width of the zero border, in pixels, from which the augmentation crops."""
    layout: torch.memory_format = torch.contiguous_format
    """The memory layout of normalised batches. ``torch.channels_last`` makes convolutions faster, and their outputs
    keep it."""

    def __len__(self) -> int:
        return len(self.images)

    def to(self, device: torch.device | str) -> ImageDataset:
        """The same data set with both tensors on ``device``."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))

    def take(self, count: int) -> ImageDataset:
        """The first ``count`` images; ValueError unless there are so many."""
        if not 0 < count <= len(self):
            raise ValueError(f"can't take {count} of {len(self)} images: take from 1 to {len(self)}")
        return replace(self, images=self.images[:count], labels=self.labels[:count])

    def halved(self) -> ImageDataset:
        """Images of half the height and width, (N, C, H/2, W/2) uint8, and half the padding.

        A pixel is the mean of 2×2, rounded to the nearest integer (half a step up). ``mean`` and ``std`` stay those
        of the whole images.

        Raises:
            ValueError: the height or the width is odd.
        """
        height, width = self.images.shape[2:]
        if height % 2 or width % 2:
            raise ValueError(f"images of {height}×{width} pixels can't be halved: both sides have to be even")
        total = torch.full_like(self.images[..., ::2, ::2], 2, dtype=torch.int16)  # 2 of 4: // 4 then rounds
        for row in (0, 1):
            for column in (0, 1):
                total += self.images[..., row::2, column::2]
        return replace(self, images=(total // 4).to(torch.uint8), padding=self.padding // 2)

    @property
    def digest(self) -> str:
        """SHA-256, as hex, of the images' bytes and then the labels' (little-endian int64): which data these are."""
        found = hashlib.sha256(self.images.cpu().contiguous().numpy().data)
        found.update(self.labels.cpu().numpy().astype("<i8").data)
        return found.hexdigest()

    def normalize(self, images: Tensor) -> Tensor:
        """(x/255 − mean)/std by channel, as torchvision's ToTensor and Normalize: uint8 → float32."""
        mean, std = _statistics(self.mean, self.std, images.device)
        return ((images.float() / 255 - mean) / std).contiguous(memory_format=self.layout)

    def batches(
        self, batch_size: int, generator: torch.Generator | None = None, *, augment: bool = False
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Normalised batches (images float32, labels); shuffled by ``generator``, in order without one.

        Args:
            augment: crop and flip the images, see :func:`crop_and_flip`; needs a generator.
        """
        for images, labels in self.augmented(batch_size, generator, chunk=1, augment=augment):
            yield self.normalize(images), labels

    def augmented(
        self, batch_size: int, generator: torch.Generator | None = None, *, chunk: int = 100, augment: bool = True
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """The images of :meth:`batches` before they are normalised, many batches at once, for a GPU.

        Order, offsets and flips are those of :meth:`batches` for the same state of the generator. All of an epoch's
        are drawn before the first chunk is returned.

        Args:
            chunk: how many batches are put together; the last chunk holds what is left.
            augment: crop and flip the images; needs a generator.

        Returns:
            Images (up to chunk · batch_size, C, H, W) uint8 and labels int64, both on the data set's device.
        """
        if augment and generator is None:
            raise ValueError("augment=True draws random numbers: give batches() a generator")
        count = len(self)
        order = torch.arange(count) if generator is None else torch.randperm(count, generator=generator)
        indices = order.to(self.images.device).split(chunk * batch_size)
        if not augment or generator is None:
            for index in indices:
                yield self.images[index], self.labels[index]
            return
        # Batch by batch, so that chunks of every length get the same numbers.
        draws = [draw_crops(len(batch), generator, self.padding) for batch in order.split(batch_size)]
        parts = (torch.cat(kind).to(self.images.device).split(chunk * batch_size) for kind in zip(*draws, strict=True))
        for index, top, left, flipped in zip(indices, *parts, strict=True):
            yield apply_crops(self.images[index], top, left, flipped, self.padding), self.labels[index]


@cache
def _statistics(mean: tuple[float, ...], std: tuple[float, ...], device: torch.device) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation as tensors (1, C, 1, 1).

    They are cached, because a CUDA graph can't copy them during capture.
    """
    return (
        torch.tensor(mean, device=device).view(1, -1, 1, 1),
        torch.tensor(std, device=device).view(1, -1, 1, 1),
    )


def draw_crops(count: int, generator: torch.Generator, padding: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    """The random numbers of :func:`crop_and_flip`, on the CPU, so that all devices see the same images.

    Returns:
        ``top`` and ``left`` (count,) int64 from 0 to 2 · padding, and ``flipped`` (count,) bool.
    """
    top, left = torch.randint(0, 2 * padding + 1, (2, count), generator=generator)
    return top, left, torch.rand(count, generator=generator) < 0.5


def apply_crops(images: Tensor, top: Tensor, left: Tensor, flipped: Tensor, padding: int = 4) -> Tensor:
    """Pad the images with zeros, crop them to their size at (top, left) and mirror those that are ``flipped``.

    The zeros are put around the uint8 image, before it is normalised: as torchvision's transforms, for the same
    offsets bit for bit.

    Args:
        images: (N, C, H, W) of any dtype and on any device; the result is of the same.
        top, left, flipped: (N,) each and on the same device, from :func:`draw_crops`.
    """
    count, _, height, width = images.shape
    rows = top[:, None] + torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device).expand(count, width)
    columns = left[:, None] + torch.where(flipped[:, None], width - 1 - columns, columns)
    padded = functional.pad(images, (padding,) * 4).permute(0, 2, 3, 1)  # channels last: an index picks whole pixels
    index = torch.arange(count, device=images.device)[:, None, None]
    return padded[index, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()


def crop_and_flip(images: Tensor, generator: torch.Generator, padding: int = 4) -> Tensor:
    """The augmentation of part 1 for a whole batch: RandomCrop with ``padding`` zeros around, RandomHorizontalFlip.

    Args:
        images: (N, C, H, W) of any dtype and on any device. The result has the same dtype and device.
        generator: draws for each image its offset down and to the right, and whether it is flipped.
    """
    top, left, flipped = (part.to(images.device) for part in draw_crops(len(images), generator, padding))
    return apply_crops(images, top, left, flipped, padding)


def load(name: Name, split: Split, source: Source = "fixtures") -> ImageDataset:
    """Load one split of a data set.

    Raises:
        ValueError: an unknown name, split or source, or the fixtures of CINIC-10, of which there are none.
        DataError: the complete data set is not there and can't be downloaded, or is broken.
    """
    known = name in STATISTICS and split in ("train", "test") and source in ("fixtures", "complete")
    if not known or (name, source) == ("cinic10", "fixtures"):
        raise ValueError(
            f"no data set {name!r} ({split!r}, {source!r}): "
            "choose cifar10 or mnist (fixtures or complete) or cinic10 (complete), train or test"
        )
    if source == "fixtures":
        path = FIXTURES / f"{name}_{split}.npz"
        try:
            return read_file(path, name)
        except Exception as error:  # whatever a damaged archive leads to
            raise UnusableDataError(f"{path} can't be read ({error}): take it again from the course's files") from error
    arrays = complete_arrays(name, (split,))
    return _of_arrays(name, arrays[f"{split}_images"], arrays[f"{split}_labels"])


def read_file(path: Path, name: Name) -> ImageDataset:
    """Read a file like those of ``fixtures/``: its arrays are ``images`` and ``labels``."""
    with np.load(path, allow_pickle=False) as archive:
        return _of_arrays(name, archive["images"], archive["labels"])


def _of_arrays(name: Name, images: Any, labels: Any) -> ImageDataset:
    if images.ndim == 3:  # MNIST: (N, H, W), one channel
        images = images[..., None]
    mean, std = STATISTICS[name]
    return ImageDataset(
        images=torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))),
        labels=torch.from_numpy(labels.astype(np.int64)),
        mean=mean,
        std=std,
    )


def check_data_dir() -> None:
    """Check that the folder in DATA_DIR exists.

    Raises:
        UnusableDataError: DATA_DIR names no folder.
    """
    folder = data_dir()
    if os.environ.get("DATA_DIR") and not folder.is_dir():
        raise UnusableDataError(
            f"DATA_DIR names {folder}, which is not a folder: make it, or name another in this environment variable"
        )


def complete_arrays(name: Name, splits: tuple[Split, ...] = ("train", "test")) -> dict[str, Any]:
    """Load a complete data set as uint8 arrays from the cache, or download it into the cache.

    Returns:
        ``<split>_images`` (N, 32, 32, 3) or (N, 28, 28) and ``<split>_labels`` (N,) of at least these splits.

    Raises:
        DataError: the data set can't be downloaded, stored or read.
    """
    check_data_dir()
    folder = data_dir()
    path = folder / f"{name}.npz"
    if path.exists():
        return _read(path, name, splits)
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished.touch()  # before a long download, whether there can be a file at all
        arrays = _download(name)
        with unfinished.open("wb") as file:
            np.savez(file, **arrays)  # compressed, photos would be hardly smaller and take seconds to read
        unfinished.replace(path)
    except OSError as error:
        raise DataError(
            f"{path} can't be written ({error}): name a folder with room for it in the environment variable DATA_DIR"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return arrays


def _read(path: Path, name: Name, splits: tuple[Split, ...]) -> dict[str, Any]:
    """Read the arrays of these splits from the cache. An UnusableDataError says that it has unexpected arrays."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = len(archive["train_labels"]), len(archive["test_labels"])
            keys = [f"{split}_{kind}" for split in splits for kind in ("images", "labels")]
            arrays = {key: archive[key] for key in keys}
        for split in splits:
            if len(arrays[f"{split}_images"]) != len(arrays[f"{split}_labels"]):
                raise ValueError("labels and images differ in number")
    except Exception as error:
        raise UnusableDataError(
            f"{path} can't be read ({error}): delete it, and it will be downloaded again"
        ) from error
    if found != SIZES[name]:
        counts = f"{found} images, not {SIZES[name]}"
        raise UnusableDataError(f"{path} holds {counts}: delete it, and it will be downloaded again")
    if kinds := {str(array.dtype) for array in arrays.values()} - {"uint8"}:
        raise UnusableDataError(
            f"{path} holds {kinds.pop()} arrays, not uint8: delete it, and it will be downloaded again"
        )
    return arrays


def _download(name: Name) -> dict[str, Any]:
    return downloads.arrays(name, SIZES[name])
