"""The self-check of the isolation fails closed: what it could not try counts as a fault, and never as refused."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

if sys.platform != "linux":
    pytest.skip("the isolation is Linux'", allow_module_level=True)

from harness import cli
from harness.classroom import cli as batch_cli
from harness.classroom.roster import read_roster
from harness.edition import SECRET_FOLDERS, edited
from harness.host.failures import SandboxError
from harness.host.fork import ForkLauncher
from harness.isolation import self_check
from harness.isolation.limits import Limits
from harness.submission.stage import stage
from harness.validation.cases import STUBS

BROKEN_IMPORT = "import nothing_of_this_name"
FUNCTIONS = re.findall(r"^def (\w+)", self_check.PROBES, re.MULTILINE)


@pytest.fixture(scope="module")
def launcher() -> Iterator[ForkLauncher]:
    self_check.with_secret()
    one = ForkLauncher(Limits(call_seconds=2, test_seconds=4))
    yield one
    one.stop()


def test_probes_that_cannot_be_imported_are_a_fault_of_every_attempt(launcher, monkeypatch):
    monkeypatch.setattr(self_check, "PROBES", BROKEN_IMPORT)
    found = self_check.check(launcher)
    assert {one.outcome for one in found.findings} == {self_check.Outcome.FAULT}
    assert found.problem.startswith("the self-check of the isolation is broken: it can't tell whether student code")
    assert "No module named 'nothing_of_this_name'" in found.problem


@pytest.mark.parametrize(
    "body",
    [
        "raise FileNotFoundError(2, 'No such file')",
        "raise PermissionError(13, 'Permission denied')",
        "return undefined_name",
        "return None",
        "return False",
        "return []",
    ],
)
def test_each_probe_that_is_broken_is_a_fault(launcher, monkeypatch, body):
    broken = "\n".join(f"\n\ndef {function}(*arguments):\n    {body}" for function in FUNCTIONS)
    monkeypatch.setattr(self_check, "PROBES", f"{self_check.PROBES}\n{broken}\n")
    found = self_check.check(launcher)
    assert [one.attempt for one in found.findings if one.outcome is not self_check.Outcome.FAULT] == []


def test_a_probe_that_is_missing_is_a_fault(launcher, monkeypatch):
    monkeypatch.setattr(self_check, "PROBES", self_check.PROBES.replace("def read(", "def read_no_more("))
    attempts = [one.attempt for one in self_check.quick_check(launcher).faults]
    assert attempts == [*(f"read {what}" for what in SECRET_FOLDERS["staff"].values()), "read the report"]


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ("raise FileNotFoundError(2, 'No such file')", "FileNotFoundError: No such file"),
        ("raise PermissionError('without a number')", "PermissionError: without a number"),
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("os._exit(0)", "exit code 0"),
        ("time.sleep(60)", "stopped at the deadline"),
        ("return None", "its probe answers None"),
    ],
)
def test_after_a_control_that_got_through_other_exceptions_are_faults(launcher, monkeypatch, body, how):
    text = f"{self_check.PROBES}\n_write = write\n\n\ndef write(path):\n    if path == 'allowed':\n"
    monkeypatch.setattr(self_check, "PROBES", f"{text}        return _write(path)\n    {body}\n")
    (fault,) = self_check.quick_check(launcher).faults
    assert fault.attempt == "write beside the report"
    assert how in fault.how


def test_a_probe_without_a_control_is_a_fault(launcher, monkeypatch):
    attempt = self_check.Attempt("open a connection", "make_socket")
    monkeypatch.setattr(self_check, "_needed", lambda launcher, folder: [attempt])
    (fault,) = self_check.quick_check(launcher).faults
    assert fault.how == "its probe has no control"


def test_a_secret_that_was_not_set_is_a_fault(launcher, monkeypatch):
    monkeypatch.delenv(self_check.SECRET)
    assert [one.attempt for one in self_check.quick_check(launcher).faults] == ["inherit the grader's environment"]


@pytest.mark.parametrize("folder", SECRET_FOLDERS["staff"])
def test_a_secret_folder_without_files_is_a_fault(launcher, monkeypatch, folder):
    folders = {"grader/nowhere" if name == folder else name: what for name, what in SECRET_FOLDERS["staff"].items()}
    monkeypatch.setitem(self_check.SECRET_FOLDERS, "staff", folders)
    (fault,) = self_check.quick_check(launcher).faults
    assert fault.how == "grader/nowhere holds no file to try"


def test_students_have_no_solution_and_that_is_no_fault(launcher, monkeypatch):
    assert 'EDITION: Edition = "students"' in edited("students")
    monkeypatch.setattr(self_check, "EDITION", "students")
    found = self_check.quick_check(launcher)
    assert found.problem == ""
    assert "read the solution" not in [one.attempt for one in found.findings]


def test_one_open_file_of_a_secret_folder_is_found(launcher, monkeypatch, tmp_path):
    """Whatever it is called: what counts is the folder."""
    secret = launcher.shared / "of-a-secret-folder.txt"
    secret.write_text("x")
    (tmp_path / "closed").write_text("x")
    try:
        found = self_check.quick_check(launcher, {"read a secret": [tmp_path, tmp_path / "closed", secret]})
    finally:
        secret.unlink()
    assert found.breaches == ["read a secret"]


def test_a_sandbox_that_does_not_start_is_a_fault():
    class Broken(ForkLauncher):
        def _wait_until_ready(self) -> None:
            raise SandboxError("it ended")

    found = self_check.quick_check(Broken(Limits()))
    assert found.problem.endswith("(it ended).")


# ---- who relies on it ----------------------------------------------------------------------------------------


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_check, "PROBES", BROKEN_IMPORT)


def test_require_isolation_grades_nothing(broken, capsys):
    with pytest.raises(typer.Exit) as ending:
        cli._isolated_launcher(in_process=False)
    assert ending.value.exit_code == 2
    said = capsys.readouterr().err
    assert said.startswith("Nothing was graded, because --require-isolation was given. Isolation is unknown: the")
    assert said.count("\n") == 1


def test_the_command_says_so(broken, capsys):
    with pytest.raises(typer.Exit) as ending:
        cli.doctor()
    assert ending.value.exit_code == 1
    said = capsys.readouterr()
    assert said.err.startswith("Isolation is unknown: the self-check of the isolation is broken")
    assert "FAULT" in said.out
    assert "Isolated" not in said.out


def test_a_batch_warns(broken, tmp_path):
    stage(STUBS, tmp_path / "ada")
    said = batch_cli._not_isolated(read_roster(tmp_path))
    assert said.startswith("Isolation is unknown: the self-check of the isolation is broken")


def test_a_batch_that_needs_isolation_grades_nothing(broken, tmp_path, capsys):
    (tmp_path / "class").mkdir()
    stage(STUBS, tmp_path / "class" / "ada")
    with pytest.raises(typer.Exit) as ending:
        batch_cli.batch(tmp_path / "class", out=tmp_path / "grades", require_isolation=True)
    assert ending.value.exit_code == 2
    assert "--require-isolation was given. Isolation is unknown: the self-check of" in capsys.readouterr().err
    assert not (tmp_path / "grades" / "grades.csv").exists()


def test_the_probes_names_are_those_that_are_tried(launcher):
    tried = {attempt.probe for attempt in [*self_check._needed(launcher, Path()), *self_check._limits(launcher)]}
    assert tried | {"read"} == {*FUNCTIONS}
