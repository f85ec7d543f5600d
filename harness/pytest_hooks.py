"""The options and hooks by which pytest finds the grading (``-p harness.pytest_hooks``). It imports nothing heavy.

The grading itself is the plugin :mod:`harness.plugin`, which is registered when the first suite is collected. Before
that, a warm server may take the whole run over.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.catalog import SUITES
from harness.warm.pytest_command import exit_code

if TYPE_CHECKING:
    from harness.plugin import Grading

__all__: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("grading", "grading a submission")
    group.addoption(
        "--submission",
        default=None,
        metavar="PATH",
        help="The folder, notebook or archive to grade, as --submission=PATH. Default: student/.",
    )
    group.addoption("--submission-name", default=None, metavar="NAME", help="The name of the submission in reports.")
    group.addoption("--seed", type=int, default=None, help="Repeat the inputs of a run; its report names its seed.")
    group.addoption(
        "--in-process",
        action="store_true",
        help="Run student code in this process, without limits or protection: for --pdb and breakpoint().",
    )
    group.addoption(
        "--sandbox",
        choices=("auto", "fork", "spawn"),
        default="auto",
        help="How worker processes are made: forked from a server (Linux), or an interpreter for each part.",
    )
    group.addoption(
        "--deadline",
        type=float,
        default=None,
        metavar="SECONDS",
        help="Seconds for the run. Tests left then are skipped.",
    )
    group.addoption(
        "--results-json", default=None, metavar="FILE", help="Write Gradescope's results.json to this file."
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Hand the run over to a warm server, before the suites' conftest.py imports torch.

    Raises:
        SystemExit: the server has run the tests.
    """
    if (code := exit_code(early_config)) is not None:
        raise SystemExit(code)


def pytest_configure(config: pytest.Config) -> None:
    if config.option.submission is not None:
        _grading(config)  # a wrong path should be said before anything is collected


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> None:
    """The first suite makes this a grading run. The sandbox starts while suites are imported."""
    config = parent.config
    if file_path.parent == SUITES and file_path.name.startswith("test_"):
        _grading(config).start_early()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Send each xdist worker the submission, the run's seed, and the run's deadline."""
    node.workerinput.update(_grading(node.config).for_xdist_worker())


def _grading(config: pytest.Config) -> Grading:
    from harness.plugin import GRADING, Grading  # imports torch

    if GRADING not in config.stash:
        config.stash[GRADING] = Grading(config)
        config.pluginmanager.register(config.stash[GRADING], "harness-grading")
        config.pluginmanager.import_plugin("harness.fixtures")
    return config.stash[GRADING]
