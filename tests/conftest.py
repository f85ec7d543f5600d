"""Fixtures that the tests of this software share."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema
import pytest

from course.experiments.runner import Plan, Session
from harness.catalog import RESULTS, all_points, read_suites
from harness.host.launch import Launcher, make_launcher
from harness.host.proxies import Student
from harness.reports import gradescope
from harness.submission.gather import gather
from harness.submission.intake import Submission
from harness.validation.cases import SOLUTION
from tests.pset2.quick_results import PARTS, TINY, made_once
from tests.pset2.writeup_folder import WriteupFolder
from tests.warm_python import WarmPython, end_all_with

ROOT = Path(__file__).resolve().parent.parent
MAXIMUM = all_points()
OF_CODE = sum(test.points for test in read_suites() if RESULTS not in test.tags)
"""The points that a solution without results of experiments earns."""

# A make that a test starts would take over the options of `make test`, and print the folders that it enters.
for variable in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(variable, None)

Take = Callable[[Path], Submission]


#: Examples have no deadline, because one may wait for a core while other tests run.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")


SLOW_FIXTURES = {
    *(
        "archive",
        "autograder",
        "cluster",
        "copy",
        "drawn_results",
        "example",
        "full_writeup_folder",
        "installed",
        "launcher",
    ),
    *("of_training", "quantization", "quick_results", "run"),
}
"""The fixtures whose tests start processes or train networks."""
SLOW_FILES = {
    *(
        "test_attacks",
        "test_cluster",
        "test_process_pool",
        "test_example",
        "test_experiments",
        "test_gradescope",
        "test_handout",
    ),
    *(
        "test_damaged_submissions",
        "test_notebook_runs",
        "test_odd_answers",
        "test_rerun",
        "test_sandbox",
        "test_self_check",
    ),
    *(
        "test_server_process",
        "test_similarity",
        "test_timer",
        "test_training",
        "test_validation",
        "test_isolation_layers",
        "test_warm",
    ),
}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: starts processes, trains networks, or takes seconds: not for FAST=1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem in SLOW_FILES or not SLOW_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    """One fork server (on other platforms, one launcher) for all gradings of a test process."""
    one = make_launcher("auto")
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="session")
def run() -> Iterator[WarmPython]:
    """Run ``python`` with these arguments in the repository's root, with everything imported already."""
    warm = WarmPython(ROOT, "course.experiments.cli", "matplotlib.pyplot")
    yield warm
    warm.close()


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A folder for the sockets of warm servers, as XDG_RUNTIME_DIR. The servers end with the test."""
    with tempfile.TemporaryDirectory(prefix="run-") as folder:  # the paths of sockets are short
        yield Path(folder)
        end_all_with(f"XDG_RUNTIME_DIR={folder}")


@pytest.fixture
def submission(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder with the solution, in which some modules have another text (None: the module is missing)."""

    def write(**modules: str | None) -> Path:
        folder = tmp_path / "submission"
        folder.mkdir()
        for path in SOLUTION.glob("[a-z]*.py"):
            (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
        for name, text in modules.items():
            path = folder / f"{name}.py"
            if text is None:
                path.unlink()
            else:
                path.write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """Open a submission in this process."""

    def take_in(path: Path) -> Submission:
        scratch = tmp_path / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        return gather(path, scratch, path.name)

    return take_in


@pytest.fixture
def quantization(tmp_path: Path) -> Iterator[Callable[..., Student]]:
    """Make a submission of one module and return the student's proxy."""
    made: list[Student] = []

    def make(launcher: Launcher, text: str) -> Student:
        folder = tmp_path / f"submission-{len(made)}"
        folder.mkdir()
        (folder / "quantization.py").write_text(text)
        made.append(Student(launcher, folder, "2.1", seed=1))
        return made[-1]

    yield make
    for student in made:
        student.close()


@pytest.fixture(scope="session")
def read_report() -> Callable[[Path], dict[str, Any]]:
    """Read a results.json, and validate it against the schema."""
    schema = json.loads(gradescope.SCHEMA.read_text(encoding="utf-8"))

    def read(path: Path) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validate(report, schema)
        return report

    return read


@pytest.fixture(scope="session")
def quick_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder ``results/`` of the solution's experiments on few images. All test processes share it."""
    base = tmp_path_factory.getbasetemp()
    in_xdist = "PYTEST_XDIST_WORKER" in os.environ
    return made_once((base.parent if in_xdist else base) / "quick-results")


@pytest.fixture
def writeup_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> WriteupFolder:
    return WriteupFolder(tmp_path, capsys)


@pytest.fixture(scope="session")
def drawn_results(quick_results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results with their figures."""
    folder = tmp_path_factory.mktemp("drawn") / "results"
    shutil.copytree(quick_results, folder, copy_function=os.link)  # what is drawn and written is new files
    Session(Plan(PARTS, TINY, SOLUTION, folder)).draw()
    return folder


@pytest.fixture
def full_writeup_folder(writeup_folder: WriteupFolder, drawn_results: Path) -> WriteupFolder:
    """A team's folders with results of the solution."""
    writeup_folder.results = drawn_results
    writeup_folder.answer("The rate 0.1 is **best**.")
    return writeup_folder
