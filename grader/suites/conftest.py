"""The fixtures of this problem set.

The plugin provides the fixtures of every suite: student, rng, note, show, measured and fact.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from course.datasets import FIXTURES, ImageDataset, load
from course.models import ConvNet, MNISTNet
from grader import worker_functions
from grader.suites.results_checks import Results
from harness.host.proxies import Student
from harness.plugin import GRADING, TEST


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


class TorchHome:
    """A folder in which torchvision finds weights, and the state of these weights."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state: dict[str, torch.Tensor] = {}

    def fill(self, name: str, state: dict[str, torch.Tensor]) -> None:
        """Save weights under the file name that torchvision looks for."""
        checkpoints = self.folder / "hub" / "checkpoints"
        checkpoints.mkdir(parents=True, exist_ok=True)
        torch.save(state, checkpoints / Path(name).name)
        self.read()

    def read(self) -> None:
        """Load the weights of the file. They are memory-mapped, so all processes share their memory."""
        for path in self.folder.glob("hub/checkpoints/*"):
            self.state = torch.load(path, mmap=True, weights_only=True)


@pytest.fixture(scope="session")
def torch_home(request: pytest.FixtureRequest) -> TorchHome:
    """A folder for weights that workers can read. Later gradings with the same seed use it again."""
    grading = request.config.stash[GRADING]
    shared = Path(grading.launcher.shared)
    home = TorchHome(shared / f"torch-{grading.seed('pretrained'):x}")
    for other in shared.glob("torch-*"):
        if other != home.folder:
            shutil.rmtree(other)
    if home.folder.exists():
        home.read()
    else:
        home.folder.mkdir()
        home.folder.chmod(0o755)  # workers may be other users
    return home


@pytest.fixture
def pretrained(student: Student, torch_home: TorchHome, request: pytest.FixtureRequest) -> dict[str, torch.Tensor]:
    """Random weights that torchvision loads as ResNet-18's in this test's worker. They depend on the run's seed.

    ImageNet's weights can't be downloaded everywhere. Code that loads these weights by name would load ImageNet's too.
    """
    if not torch_home.state:
        seed = request.config.stash[GRADING].seed("pretrained")
        torch_home.fill(*student.clean().run(worker_functions.pretrained_stand_in, seed))
    student.run(worker_functions.use_torch_home, str(torch_home.folder))
    return dict(torch_home.state)


@pytest.fixture
def results(request: pytest.FixtureRequest, fact: Callable[..., None]) -> Results:
    """The results of ``run_experiments.py`` for this test's part."""
    submission = request.config.stash[GRADING].submission
    return Results(submission.results, submission.folder, request.node.stash[TEST].part, fact)


@pytest.fixture(scope="session")
def photos() -> ImageDataset:
    """1,000 test images of CIFAR-10."""
    return load("cifar10", "test")


@pytest.fixture(scope="session")
def convnet() -> ConvNet:
    """ConvNet, trained on all of CIFAR-10 for a few epochs (see fixtures/README.md)."""
    model = ConvNet()
    model.load_state_dict(load_file(FIXTURES / "convnet.safetensors"))
    return model.eval()
