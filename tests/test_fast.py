"""Which tests ``make test FAST=1`` runs for a change."""

from __future__ import annotations

import pytest

from tests.conftest import ROOT
from tests.fast import files_to_test

EVERYTHING = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py"))


def test_what_imports_a_module_depends_on_it():
    found = files_to_test(["harness/reports/html.py"])
    assert {"tests/test_reports.py", "tests/test_batch.py"} <= {*found}
    assert "tests/test_protocol.py" not in found
    assert "tests/test_isolation_layers.py" not in found


def test_a_file_with_tests_depends_on_itself():
    assert files_to_test(["tests/test_protocol.py"]) == ["tests/test_protocol.py"]


@pytest.mark.parametrize(
    "file", ["grader/problem.toml", "tests/conftest.py", "README.md", "harness/reports/page.html.j2"]
)
def test_all_tests_depend_on_what_is_no_module_of_its_own(file):
    assert files_to_test([file]) == EVERYTHING


def test_nothing_depends_on_nothing():
    assert files_to_test([]) == []


def test_each_file_that_is_called_slow_exists():
    from tests.conftest import SLOW_FILES

    assert {f"{name}.py" for name in SLOW_FILES} <= {name.rpartition("/")[2] for name in EVERYTHING}
