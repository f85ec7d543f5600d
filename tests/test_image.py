"""The image, as far as that can be tested without building it: docs/image.md has what was built and run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness.cli import app_for
from harness.container import entrypoint
from harness.problem import tomllib
from tests.conftest import ROOT

SCRIPT = ROOT / "harness" / "container" / "entrypoint.py"
VERSIONS = (ROOT / "grader" / "versions.txt").read_text(encoding="utf-8").splitlines()
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

unix = pytest.mark.skipif(sys.platform == "win32", reason="containers are Linux")


def start(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(SCRIPT), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", **environment},
    )


class Started(Exception):
    """A verb's program would begin now: the folder, and its command."""


# ---- what the image starts with --------------------------------------------------------------------------------


@unix
class TestEntryPoint:
    def test_without_a_verb_there_is_a_help_that_names_each(self):
        shown = start()
        assert shown.returncode == 0
        for name in entrypoint.VERBS:
            assert re.search(rf"^  {name} +\w", shown.stdout, re.MULTILINE), name

    def test_every_command_in_the_help_is_a_verb(self):
        used = re.findall(r"IMAGE ([a-z]+)", start("help").stdout)
        assert len(used) >= 6
        assert set(used) <= {*entrypoint.VERBS}

    def test_every_command_of_the_grader_is_a_verb(self):
        commands = typer.main.get_command(app_for("")).commands  # type: ignore[attr-defined]
        on_a_laptop = {"check", "watch"}  # they grade student/ while it is written
        assert on_a_laptop < {*commands}
        with_a_browser = {"review"}  # its page is for the machine that it runs on
        assert {*commands} - on_a_laptop - with_a_browser <= {*entrypoint.VERBS}

    def test_options_that_write_are_the_commands_own(self):
        commands = typer.main.get_command(app_for("")).commands  # type: ignore[attr-defined]
        for name, verb in entrypoint.VERBS.items():
            if name in commands:
                known = {option for parameter in commands[name].params for option in parameter.opts}
                assert {*verb.writes} <= known, name

    def test_an_unknown_verb_is_refused_in_one_sentence(self):
        shown = start("regrade")
        assert shown.returncode == 2
        assert shown.stdout == ""
        assert re.fullmatch(r"There is no verb regrade: choose one of grade, .*\.\n", shown.stderr)

    def test_a_verb_passes_its_arguments_on(self):
        shown = start("grade", "--part", "9", "student")
        assert shown.returncode == 2
        assert "There is no test of part 9" in shown.stderr

    def test_modules_in_the_current_folder_are_not_imported(self, tmp_path):
        for name in ("grader", "typer", "msgspec"):
            (tmp_path / f"{name}.py").write_text("raise SystemExit('taken from the current folder')")
        shown = start("unpack", "--help", cwd=tmp_path)
        if sys.version_info >= (3, 11):  # that the image needs, for this reason
            assert shown.returncode == 0, shown.stderr

    def test_tests_begin_in_a_repository_of_their_own(self, tmp_path, monkeypatch):
        def begin(file: str, command: list[str], environment: dict[str, str]) -> None:
            raise Started(Path.cwd(), command)

        monkeypatch.setattr(entrypoint.os, "execve", begin)
        monkeypatch.setattr(entrypoint.tempfile, "tempdir", str(tmp_path))
        monkeypatch.setattr(entrypoint, "ROOT", _small_repository(tmp_path))
        monkeypatch.setattr(entrypoint, "_close_folders", lambda: None)
        monkeypatch.chdir(tmp_path)
        with pytest.raises(Started) as started:
            entrypoint.main(["test", "tests/test_cli.py"])
        place, command = started.value.args
        assert place != tmp_path / "pset2"
        assert (place / "tests" / "test_cli.py").is_file()
        assert os.access(place, os.W_OK)
        assert command[-1] == "tests/test_cli.py"

    def test_without_paths_all_of_tests_are_meant(self):
        assert "testpaths=tests" in entrypoint.program("test", [])


def _small_repository(folder: Path) -> Path:
    (folder / "pset2" / "tests").mkdir(parents=True)
    (folder / "pset2" / "tests" / "test_cli.py").touch()
    return folder / "pset2"


@unix
class TestMounts:
    def test_a_submission_that_was_not_mounted_is_said_with_the_flag(self):
        shown = start("grade", "/handed-in", "--part", "6")
        assert shown.returncode == 2
        assert shown.stderr == (
            '/handed-in is not in the container: mount it, as in -v "$PWD/handed-in:/handed-in:ro".\n'
        )

    @pytest.mark.parametrize("arguments", [["--json", "r.json"], ["--json=r.json"], ["--html", "deep/er/page.html"]])
    def test_a_folder_of_somebody_else_is_said_with_the_flag(self, arguments, closed, monkeypatch):
        assert refusal("grade", [str(ROOT / "student"), *arguments], closed, monkeypatch) == (
            f"{closed} can't be written by user {os.geteuid()}: "
            "add -u 4321:8765 to docker run, the user that it belongs to."
        )

    @pytest.mark.parametrize("verb", ["experiments", "batch"])
    def test_so_it_is_for_what_a_verb_writes_without_an_option(self, verb, closed, monkeypatch):
        assert "add -u 4321:8765 to docker run" in refusal(verb, [], closed, monkeypatch)

    def test_what_writes_nothing_needs_no_folder(self, closed, monkeypatch):
        assert refusal("grade", [str(ROOT / "student")], closed, monkeypatch) == ""

    def test_a_folder_that_the_user_closed_is_theirs_to_open(self, closed, monkeypatch):
        monkeypatch.setattr(entrypoint.os, "geteuid", lambda: 4321)
        assert refusal("experiments", [], closed, monkeypatch).endswith("by user 4321: change its permissions.")

    def test_results_that_will_be_gone_are_announced(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(entrypoint, "_is_mounted", lambda folder: False)
        monkeypatch.chdir(tmp_path)
        entrypoint._look_around(entrypoint.VERBS["experiments"], [])
        assert capsys.readouterr().err == (
            'results will be gone with the container: mount a folder, as in -v "$PWD:/out", to keep it.\n'
        )


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of somebody else's, in which this user, root or not, is taken to have no right to write."""
    may, stat = os.access, Path.stat

    def access(path: object, mode: int, **more: bool) -> bool:
        return not (mode & os.W_OK and str(path) == str(tmp_path)) and may(str(path), mode, **more)

    def owned(path: Path, **more: bool) -> os.stat_result:
        found = stat(path, **more)
        return os.stat_result([*found[:4], 4321, 8765, *found[6:]]) if path == tmp_path else found

    monkeypatch.setattr(entrypoint.os, "access", access)
    monkeypatch.setattr(Path, "stat", owned)
    return tmp_path


def refusal(verb: str, arguments: list[str], cwd: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is said instead of running a verb; empty where it would run."""
    monkeypatch.chdir(cwd)
    try:
        entrypoint._look_around(entrypoint.VERBS[verb], arguments)
    except entrypoint.RefusedError as error:
        return str(error)
    return ""


# ---- what it is made of ----------------------------------------------------------------------------------------


class TestVersions:
    PINNED = re.compile(r"[a-z0-9-]+==[\w.!+]+( ; [\w '\"<>=!.*()-]+)?")

    def test_each_line_is_a_name_and_a_version(self):
        assert len(VERSIONS) > 100
        for line in VERSIONS:
            assert self.PINNED.fullmatch(line), line

    def test_all_that_is_needed_is_pinned_within_its_range(self):
        for needed in _needed():
            pins = [pin for pin in map(Requirement, VERSIONS) if canonicalize_name(pin.name) == needed.name]
            assert pins, f"{needed.name}: make versions"
            for pin in pins:
                (exact,) = pin.specifier
                assert needed.specifier.contains(exact.version), f"{pin}: pyproject.toml wants {needed.specifier}"

    @pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
    def test_a_python_has_one_version_of_each(self, python):
        here = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
        names = [pin.name for pin in map(Requirement, VERSIONS) if pin.marker is None or pin.marker.evaluate(here)]
        assert len(names) == len({*names})

    def test_no_address_is_in_it(self):
        assert "/" not in "".join(VERSIONS)


def _needed() -> list[Requirement]:
    """What the image installs: all but what the benchmark compares with."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: texts for name, texts in project["optional-dependencies"].items() if name != "benchmark"}
    texts = [*project["dependencies"], *(text for extra in extras.values() for text in extra)]
    found = [Requirement(text) for text in texts]
    for requirement in found:
        requirement.name = canonicalize_name(requirement.name)
    return [requirement for requirement in found if requirement.name != canonicalize_name(project["name"])]


class TestDockerfile:
    def test_it_copies_what_is_there(self):
        copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        assert copied
        for names in copied:
            for name in names.split():
                assert (ROOT / name).exists(), name

    def test_what_it_copies_is_let_in(self):
        for name in ("pyproject.toml", "grader/versions.txt", "harness/container/entrypoint.py"):
            assert _is_let_in(name)

    def test_the_entry_point_is_this_script(self):
        (started,) = re.findall(r'"/opt/pset2/([\w./]+)"', DOCKERFILE)
        assert ROOT / started == SCRIPT

    def test_nothing_runs_beside_the_verb(self):
        assert not re.search("^HEALTHCHECK", DOCKERFILE, re.MULTILINE)  # a job of hours would be slowed down each hour

    def test_the_base_is_one_argument_that_can_have_a_digest(self):
        (base,) = re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", DOCKERFILE, re.MULTILINE)
        assert re.fullmatch(r"python:[\w.-]+(@sha256:[0-9a-f]{64})?", base)
        froms = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
        stages = re.findall(r"^FROM .* AS (\w+)$", DOCKERFILE, re.MULTILINE)
        assert {*froms} - {*stages} == {"${PYTHON_IMAGE}"}

    def test_gpus_are_asked_for_with_the_library_that_computes(self):
        assert re.search(r"^ +NVIDIA_VISIBLE_DEVICES=all\b", DOCKERFILE, re.MULTILINE)
        assert re.search(r"^ +NVIDIA_DRIVER_CAPABILITIES=compute,utility$", DOCKERFILE, re.MULTILINE)

    def test_labels_are_filled_by_arguments(self):
        labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]+)"', DOCKERFILE))
        for name in ("revision", "version", "created", "source"):
            assert labels[name] == f"${{{name.upper()}}}"
            assert re.search(rf"^ARG {name.upper()}=\S+$", DOCKERFILE, re.MULTILINE)

    def test_it_ends_as_an_ordinary_user(self):
        *_, last = re.findall(r"^USER (\d+):\d+$", DOCKERFILE, re.MULTILINE)
        assert 0 < int(last) < 20_000  # from there on, workers

    def test_a_change_of_code_repeats_no_other_step(self):
        last = DOCKERFILE.index("\nCOPY --from=code ")
        assert not re.search("^(RUN|COPY|ADD)", DOCKERFILE[last + 2 :], re.MULTILINE)
        assert DOCKERFILE.index("\nARG REVISION") > last  # with each commit it is another
        assert DOCKERFILE.count("COPY . .") == 1  # in the stage of that name


class TestIgnored:
    @pytest.mark.parametrize(
        "name",
        [
            ".git/config",
            ".venv/bin/python",
            "autograder.zip",
            "CS2420_PSet2_handout.zip",
            "data/cifar10.npz",
            "results/record.json",
            "results-reference/1.1/record.json",
            "results.json",
            "grades/grades.csv",
            "submissions/ada.zip",
            "course/__pycache__/layers.cpython-312.pyc",
            "harness/isolation/__pycache__/sandbox.cpython-312.pyc",
            "student/.ipynb_checkpoints/training-checkpoint.py",
            "tests/.pytest_cache/README.md",
            ".env",
        ],
    )
    def test_what_lies_around_stays_out(self, name):
        assert not _is_let_in(name)

    @pytest.mark.skipif(not (ROOT / ".git").exists() or shutil.which("git") is None, reason="no clone")
    def test_all_that_is_tracked_comes_in(self):
        tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert "harness/cli.py" in tracked
        assert [name for name in tracked.splitlines() if not _is_let_in(name)] == []

    def test_all_that_is_let_in_by_name_is_there(self):
        names = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
        assert {"grader", "tests"} < {*names}
        assert [name for name in names if not (ROOT / name).exists()] == []


def _is_let_in(name: str) -> bool:
    """Docker's rules, as far as they are used: the last pattern that fits a path, or a folder of it, counts."""
    parts = name.split("/")
    paths = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    let_in = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!")
            anywhere = pattern.removeprefix("**/")
            at = [path.rpartition("/")[2] for path in paths] if anywhere != pattern else [paths[0]]
            if any(fnmatch(one, anywhere) for one in at):
                let_in = line.startswith("!")
    return let_in
