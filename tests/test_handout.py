"""The hand-out: what students get is complete, works, and gives nothing away."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest

from harness import ROOT
from harness.catalog import read_suites
from harness.handout import archive, leak_check
from harness.handout.leak_check import leaks, secrets
from harness.handout.stated_numbers import stale
from harness.non_empty import NothingFoundError
from harness.problem import problem
from harness.submission.required_names import MODULES
from harness.validation.cases import SOLUTION
from tests.pages import broken_links

HIDDEN = "grader/suites/test_part1_hidden.py"


@pytest.fixture(scope="module")
def given() -> dict[str, bytes]:
    return archive.files()


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("handout")
    archive.write(folder / "handout.zip")
    with zipfile.ZipFile(folder / "handout.zip") as opened:
        opened.extractall(folder)
    return folder / archive.FOLDER


def test_nothing_is_given_away(given):
    assert leaks(given) == []


SECRET = (SOLUTION / "pruning.py").read_text(encoding="utf-8")
BODY = SECRET[SECRET.index("    off = mask == 0") : SECRET.index("def filter_l1_pruning")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("course/layers.py", BODY),
        ("harness/checks.py", BODY.replace("    ", "\t").replace(", ", ",\n")),
        ("README.md", f"```\n{BODY}```"),
        ("notes.txt", BODY),
        ("CS2420_PSet2.ipynb", json.dumps({"cells": [{"source": [BODY]}]})),
        ("CS2420_PSet2.ipynb", json.dumps({"cells": [{"source": "", "outputs": [{"text": BODY}]}]})),
        ("CS2420_PSet2.ipynb", json.dumps({"cells": [{"source": "", "metadata": {"note": BODY}}]})),
        ("CS2420_PSet2.ipynb", json.dumps({"cells": [], "metadata": {"notes": [{"text": BODY.splitlines(True)}]}})),
        ("CS2420_PSet2.ipynb", json.dumps({"cells": [{"source": "", "attachments": {"a": {"text/plain": BODY}}}]})),
        ("grader/suites/test_more.py", (ROOT / HIDDEN).read_text(encoding="utf-8")),
        ("mutants.md", secrets()["grader/cases/equivalent.toml"]),
        ("case.py", secrets()["grader/cases/wrong/attention_heads_ignored.py"]),
        ("case.py", secrets()["grader/cases/right/channels_folded_into_batch.py"]),
        ("student/training.py", "BEST_LEARNING_RATE: float | None = 0.1\n"),
        ("student/training.py", (SOLUTION / "training.py").read_text(encoding="utf-8")),
        ("student/pruning.py", (ROOT / "student/pruning.py").read_text(encoding="utf-8") + "\nPRUNE_EPOCHS = [10]\n"),
        (
            "student/pruning.py",
            (ROOT / "student/pruning.py").read_text(encoding="utf-8") + "\ndef _half(n):\n    return n / 2\n",
        ),
        ("student/pruning_draft.py", "PRUNE_EPOCHS = [10]\n"),
        ("student/ai-logs/log.txt", "PRUNE_EPOCHS = [10]\n"),
        ("student/answers.md", "Team: Curie\n"),
    ],
)
def test_what_would_give_something_away_is_found(given, name, text):
    changed = {**given, name: (given.get(name, b"").decode() if name.endswith(".md") else "").encode() + text.encode()}
    assert any(leak.file == name for leak in leaks(changed))


def test_data_that_the_manifest_does_not_name_are_found(given, monkeypatch):
    """Others may lie in the same folder, with arrays of the same names."""
    named = msgspec.structs.replace(problem().hand_out, data=problem().hand_out.data[1:])
    monkeypatch.setattr(leak_check, "problem", lambda: msgspec.structs.replace(problem(), hand_out=named))
    assert [leak.file for leak in leaks(given)] == [problem().hand_out.data[0]]


def test_the_manifest_names_no_data_that_are_missing(monkeypatch):
    named = msgspec.structs.replace(problem().hand_out, data=("fixtures/no_such_file.npz",))
    monkeypatch.setattr(archive, "problem", lambda: msgspec.structs.replace(problem(), hand_out=named))
    with pytest.raises(NothingFoundError, match=r"names fixtures/no_such_file\.npz, which doesn't exist"):
        archive.files()


@pytest.mark.parametrize("name", ["solution.pt", "course/__pycache__/x.pyc", "fixtures/more.npz"])
def test_a_file_of_unknown_content_is_found(given, name):
    assert any(leak.file == name for leak in leaks({**given, name: b"\xff\x00\xfe"}))


def test_a_handout_that_gives_something_away_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LEFT_OUT", tuple(name for name in archive.LEFT_OUT if "solution" not in name))
    assert archive.main(["--out", str(tmp_path / "handout.zip")]) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_stubs_and_the_public_tests_are_in_it(given):
    assert {f"student/{name}.py" for name in MODULES.values()} <= given.keys()
    assert {f"grader/suites/{test.file}" for test in read_suites() if not test.hidden} <= given.keys()
    assert HIDDEN not in given


def test_its_readme_is_that_of_the_repository(unpacked):
    assert (unpacked / "README.md").read_bytes() == (ROOT / "README.md").read_bytes()


def test_its_pages_state_points_and_limits_that_the_problem_set_has(given):
    assert stale(given) == []


def test_every_link_of_its_pages_works_in_it(unpacked):
    pages = sorted(unpacked.rglob("*.md"))
    assert {unpacked / "README.md", unpacked / "docs" / "students.md"} <= {*pages}
    assert [found for page in pages for found in broken_links(page)] == []


def test_its_pages_print_only_commands_that_are_there(given):
    targets = set(re.findall(r"^([a-z]+):", given["Makefile"].decode(), re.MULTILINE))
    for page in ("README.md", "docs/students.md", "docs/experiments.md"):
        assert set(re.findall(r"^make (\w+)", given[page].decode(), re.MULTILINE)) <= targets, page


def test_the_same_files_make_the_same_zip(tmp_path):
    for name in ("a.zip", "b.zip"):
        archive.write(tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the unpacked folder, with its own modules."""
    code = (
        "import runpy, sys; sys.path[0] = '.'; del sys.argv[0]; runpy.run_module(sys.argv[0], None, '__main__', True)"
    )
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def test_students_can_grade_in_it(unpacked):
    done = python(unpacked, "grader", "grade", "student")
    assert done.returncode == 0, done.stderr
    assert "Nothing is implemented yet" in done.stdout
    assert "decided by tests whose results are shown later" in done.stdout


def test_pytest_works_in_it(unpacked):
    arguments = ("grader/suites/test_part6_depthwise.py", "-k", "odd_kernels or even_kernels")
    done = python(unpacked, "pytest", f"--submission={SOLUTION}", *arguments)
    assert "2 passed" in done.stdout, done.stdout
    assert str(ROOT) not in done.stdout


def test_the_notebook_in_it_is_that_of_the_stubs(unpacked):
    done = python(unpacked, "harness.handout.notebook", "--out", "again.ipynb")
    assert done.returncode == 0, done.stderr
    assert (unpacked / "again.ipynb").read_bytes() == (unpacked / "CS2420_PSet2.ipynb").read_bytes()
