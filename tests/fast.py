"""``make test FAST=1``: run the quick tests of the files that have changed.

git tells which files have changed since the last commit, and the graph of imports which tests depend on them. A file
that isn't Python, such as a template or a manifest, may affect every test. Tests marked ``slow`` start processes or
train networks.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import grimp
import pytest

from tests.conftest import ROOT

PACKAGES = ("course", "grader", "harness", "tests")
SHARED = "tests.conftest"
"""The module that all test modules share, so that its imports say nothing about any of them."""


def changed_files() -> list[str]:
    """The files that differ from the last commit, including new files."""
    command = ["git", "status", "--porcelain", "--untracked-files=all", "--no-renames", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [entry[3:] for entry in listed.split("\0") if entry]


def files_to_test(files: Iterable[str]) -> list[str]:
    """The test files whose outcome may differ, sorted."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    graph.remove_module(SHARED)
    everything = {module for module in graph.modules if module.rpartition(".")[2].startswith("test_")}
    found: set[str] = set()
    for file in files:
        module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if file.endswith(".py") and module in graph.modules:
            found |= {module, *graph.find_downstream_modules(module)}
        else:
            found |= everything
    paths = (Path(*module.split(".")).with_suffix(".py").as_posix() for module in found & everything)
    return sorted(path for path in paths if path.startswith("tests/") and (ROOT / path).exists())


def main(arguments: list[str]) -> int:
    chosen = files_to_test(changed_files())
    if not chosen:
        print("Nothing that tests depend on differs from the last commit: make test runs all of them.")
        return 0
    print(f"{len(chosen)} files with tests depend on what has changed; of their tests the quick ones are run.")
    code = pytest.main(["-m", "not slow", *chosen, *arguments])
    return 0 if code == pytest.ExitCode.NO_TESTS_COLLECTED else int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
