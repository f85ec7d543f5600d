"""Fixtures of the suites."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from course.datasets import FIXTURES, ImageDataset, load
from course.models import MNISTNet
from grader.plugin import GRADING, STUDENT, TEST
from grader.sandbox.failures import SandboxError
from grader.sandbox.proxies import Student


@pytest.fixture
def student(request: pytest.FixtureRequest) -> Iterator[Student]:
    """The submission: ``student.quantization.quantize(W)`` runs in a process of its own, for this test alone."""
    node = request.node
    one = request.config.stash[GRADING].student(node.stash[TEST])
    node.stash[STUDENT] = one
    yield one
    with suppress(SandboxError):  # an interrupted run has stopped the sandbox already
        one.close()


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers drawn anew in every run; ``--seed`` repeats them."""
    node = request.node
    generator: np.random.Generator = request.config.stash[GRADING].rng(node.stash[TEST])
    return generator


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """As in the workers: sums in the same order give the same last bits."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def digits() -> ImageDataset:
    """1,000 test images of MNIST."""
    return load("mnist", "test")


@pytest.fixture(scope="session")
def mnistnet() -> MNISTNet:
    """MNISTNet, trained on all of MNIST by the handout's recipe (see fixtures/README.md)."""
    model = MNISTNet()
    model.load_state_dict(load_file(FIXTURES / "mnistnet.safetensors"))
    return model.eval()
