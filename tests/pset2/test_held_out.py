"""Held-out images: they are real, disjoint from fixtures/, closed to workers, and not in the hand-out."""

from __future__ import annotations

import os
import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from course import datasets
from course.datasets import FIXTURES, Name, load
from grader.suites import held_out as module
from grader.suites.held_out import FOLDER, HeldOutError, held_out
from harness.gradescope import build
from harness.handout import archive, leak_check
from harness.handout.leak_check import leaks
from harness.host.failures import StudentError
from harness.non_empty import NothingFoundError

NAMES: tuple[Name, ...] = ("cifar10", "mnist")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another folder as that of the held-out images, which is empty."""
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    held_out.cache_clear()
    yield tmp_path
    held_out.cache_clear()


@pytest.mark.parametrize("name", NAMES)
def test_a_thousand_images_a_hundred_of_each_class(name):
    data = held_out(name)
    assert data is not None
    assert data.images.shape == load(name, "test").images.shape
    assert data.labels.bincount(minlength=10).tolist() == [100] * 10


@pytest.mark.parametrize("name", NAMES)
def test_no_image_is_there_twice_or_in_fixtures(name):
    data = held_out(name)
    assert data is not None
    images = {image.numpy().tobytes() for image in data.images}
    public = {image.numpy().tobytes() for split in ("train", "test") for image in load(name, split).images}
    assert len(images) == 1000
    assert images & public == set()


@pytest.mark.skipif("DATA_DIR" not in os.environ, reason="DATA_DIR names no folder with the complete data sets")
@pytest.mark.parametrize("name", NAMES)
def test_they_are_test_images_and_are_made_again(name, tmp_path):
    complete = load(name, "test", "complete")
    labels = {
        image.numpy().tobytes(): int(label) for image, label in zip(complete.images, complete.labels, strict=True)
    }
    data = held_out(name)
    assert data is not None
    for image, label in zip(data.images, data.labels, strict=True):
        assert labels[image.numpy().tobytes()] == int(label)
    made = runpy.run_path(str(FOLDER / "make.py"))["make"](name, tmp_path)
    assert datasets.read_file(made, name).digest == data.digest


def test_the_staffs_copy_refuses_to_go_without_them(elsewhere):
    with pytest.raises(HeldOutError, match=r"can't be read .* make them again"):
        held_out("cifar10")


def test_a_file_of_other_images_is_refused(elsewhere):
    shutil.copy(FIXTURES / "cifar10_train.npz", elsewhere / "cifar10_test.npz")
    with pytest.raises(HeldOutError, match="holds 2,000 images, expected 100 of each class"):
        held_out("cifar10")


def test_a_damaged_file_is_refused(elsewhere):
    (elsewhere / "cifar10_test.npz").write_bytes((FOLDER / "cifar10_test.npz").read_bytes()[:100_000])
    with pytest.raises(HeldOutError, match="can't be read"):
        held_out("cifar10")


def test_the_students_copy_has_none(elsewhere, monkeypatch):
    monkeypatch.setattr(module, "_SOLUTION", elsewhere / "solution")
    assert held_out("cifar10") is None


# ---- what students get -----------------------------------------------------------------------------------------


def test_the_handout_has_no_file_of_the_folder():
    assert [name for name in archive.files() if name.startswith("grader/data")] == []


@pytest.mark.parametrize("place", ["grader/data/cifar10_test.npz", "fixtures/cifar10_more.npz"])
def test_the_proof_finds_the_file(place):
    found = leaks({place: (FOLDER / "cifar10_test.npz").read_bytes()})
    assert any(leak.file == place and "1,000 held-out images" in leak.text for leak in found)


def test_the_proof_finds_a_single_image(tmp_path):
    with np.load(FOLDER / "mnist_test.npz") as arrays:
        np.savez(tmp_path / "x.npz", images=arrays["images"][17:18], labels=arrays["labels"][17:18])
    found = leaks({"fixtures/mnist_test.npz": (tmp_path / "x.npz").read_bytes()})
    assert any(leak.secret == "grader/data/mnist_test.npz" for leak in found)


def test_the_proof_finds_the_text_of_their_maker():
    found = leaks({"notes.txt": (FOLDER / "make.py").read_bytes()})
    assert any(leak.secret == "grader/data/make.py" for leak in found)


def test_without_images_there_is_no_proof(tmp_path, monkeypatch):
    monkeypatch.setattr(leak_check, "HELD_OUT", tmp_path)
    (tmp_path / "make.py").write_text("")
    with pytest.raises(NothingFoundError, match="An archive of held-out images was expected, and none was found"):
        leaks({"README.md": b"Words."})


def test_workers_cannot_read_them(quantization, launcher):
    if getattr(launcher, "sandbox", None) is None or not launcher.sandbox.landlock:
        pytest.skip("Landlock is what keeps workers of this user from the files")
    student = quantization(launcher, f"def quantize(W, bits=8):\n    return open({str(FOLDER / 'make.py')!r}).read()\n")
    with pytest.raises(StudentError, match="PermissionError"):
        student.quantization.quantize(np.zeros(3))


# ---- what grades -----------------------------------------------------------------------------------------------


def test_without_images_no_zip_is_made_for_gradescope(elsewhere, tmp_path):
    with pytest.raises(HeldOutError):
        build.build(tmp_path / "autograder.zip")
    assert not (tmp_path / "autograder.zip").exists()
