"""Data sets: what is done with their images."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from course.datasets import ImageDataset, apply_crops, crop_and_flip, draw_crops, load


def photos(count: int = 50) -> ImageDataset:
    return load("cifar10", "train").take(count)


def seeded(seed: int = 5) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_take_gives_the_first_images():
    data = load("cifar10", "train")
    assert torch.equal(data.take(7).images, data.images[:7])
    assert torch.equal(data.take(7).labels, data.labels[:7])
    assert len(data.take(len(data))) == len(data)
    for count in (0, -1, len(data) + 1):
        with pytest.raises(ValueError, match=f"can't take {count} of 2000 images: take from 1 to 2000"):
            data.take(count)


def test_halved_images_are_means_of_four_pixels_rounded():
    data = photos()
    half = data.halved()
    assert half.images.dtype == torch.uint8
    assert tuple(half.images.shape) == (50, 3, 16, 16)
    assert torch.equal(half.images, (torch.nn.functional.avg_pool2d(data.images.double(), 2) + 0.5).floor().byte())
    assert (data.padding, half.padding) == (4, 2)
    assert torch.equal(half.labels, data.labels)
    white = torch.full((1, 1, 2, 2), 255, dtype=torch.uint8)
    assert int(replace(data, images=white).halved().images) == 255


def test_images_with_an_odd_side_are_not_halved():
    data = photos()
    with pytest.raises(ValueError, match="32×31 pixels can't be halved"):
        replace(data, images=data.images[..., :31]).halved()


def test_the_digest_is_that_of_images_and_labels():
    data = photos()
    expected = hashlib.sha256(data.images.numpy().tobytes() + data.labels.numpy().tobytes()).hexdigest()
    assert data.digest == photos().digest == expected
    images, labels = data.images.clone(), data.labels.clone()
    images[49, 2, 31, 31] ^= 1
    labels[49] ^= 1
    others = [replace(data, images=images), replace(data, labels=labels), data.take(49), data.halved()]
    assert len({data.digest, *(other.digest for other in others)}) == 5


def batches_one_by_one(data: ImageDataset, batch_size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, ...]]:
    """Augmented batches with their numbers drawn where they are needed, as the first version of batches() did it."""
    for index in torch.randperm(len(data), generator=generator).split(batch_size):
        yield (
            data.normalize(crop_and_flip(data.images[index], generator, data.padding)),
            data.labels[index],
        )


@pytest.mark.parametrize("halved", [False, True], ids=["whole", "halved"])
@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_chunks_of_an_epoch_are_its_batches_bit_for_bit(halved, chunk):
    data = photos().halved() if halved else photos()  # 50 images: 6 batches of 8 and one of 2
    generators = [seeded() for _ in range(3)]
    for _ in range(2):
        expected = list(batches_one_by_one(data, 8, generators[0]))
        batches = list(data.batches(8, generators[1], augment=True))
        split: list[tuple[Tensor, ...]] = []
        for images, labels in data.augmented(8, generators[2], chunk=chunk):
            assert images.dtype == torch.uint8
            assert len(images) <= 8 * chunk
            split += zip(map(data.normalize, images.split(8)), labels.split(8), strict=True)
        assert len(expected) == len(batches) == len(split) == 7
        for (x, y), *found in zip(expected, batches, split, strict=True):
            assert all(torch.equal(x, images) and torch.equal(y, labels) for images, labels in found)
        states = [generator.get_state() for generator in generators]
        assert torch.equal(states[0], states[1])  # so that the next epoch is the same too
        assert torch.equal(states[0], states[2])


def test_chunks_without_augmentation_are_in_the_order_of_batches():
    data = photos()
    assert torch.equal(next(data.augmented(8, chunk=100, augment=False))[0], data.images)
    chunks = list(data.augmented(8, seeded(), chunk=3, augment=False))
    assert [len(labels) for _, labels in chunks] == [24, 24, 2]
    labels = torch.cat([labels for _, labels in data.batches(8, seeded())])
    assert torch.equal(torch.cat([part for _, part in chunks]), labels)
    with pytest.raises(ValueError, match="give batches"):
        next(data.augmented(8))


def test_the_halved_images_are_cropped_from_half_the_padding():
    data = photos(1)
    white = replace(data, images=torch.full((400, 1, 16, 16), 255, dtype=torch.uint8), labels=torch.zeros(400).long())
    for padding, furthest in ((4, 4), (2, 2)):
        images, _ = next(replace(white, padding=padding).augmented(400, seeded()))
        dark_rows = (images[:, 0].amax(2) == 0).sum(1)
        assert int(dark_rows.max()) == furthest


def test_draws_and_their_application_are_crop_and_flip():
    images = photos().images
    top, left, flipped = draw_crops(50, seeded(), 3)
    assert (top.dtype, left.dtype, flipped.dtype) == (torch.int64, torch.int64, torch.bool)
    assert sorted({*top.tolist(), *left.tolist()}) == list(range(7))
    assert torch.equal(apply_crops(images, top, left, flipped, 3), crop_and_flip(images, seeded(), 3))
    centre = torch.full((50,), 3)
    assert torch.equal(apply_crops(images, centre, centre, torch.zeros(50).bool(), 3), images)
