"""How the image is built and started: ``make image``, ``make image-digest`` and compose.yaml."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
import typer
import yaml

from course.experiments.cli import app as experiments
from harness.cli import app_for
from harness.container import entrypoint
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="containers are Linux")


@pytest.mark.skipif(shutil.which("make") is None or shutil.which("git") is None, reason="needs make and git")
class TestMakeImage:
    """``make image`` and ``make image-digest`` with a stand-in for the engine, which writes down how it is called."""

    DIGEST = "sha256:" + 64 * "a"

    @pytest.fixture
    def clone(self, tmp_path):
        """A repository with one commit and what these targets read."""
        place = tmp_path / "clone"
        for name in ("Makefile", "Dockerfile", "pyproject.toml", "harness/handout/staff.mk"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
        (place / "Dockerfile").write_text("ARG PYTHON_IMAGE=python:3.12-slim-bookworm\nFROM ${PYTHON_IMAGE}\n")
        git = ["git", "-C", str(place), "-c", "user.name=A", "-c", "user.email=a@example.org"]
        for command in (
            ["init", "-q"],
            ["remote", "add", "origin", "https://ada:secret@example.org/course/pset2.git"],
            ["add", "."],
            ["commit", "-q", "-m", "All of it", "--date", "2026-01-02T03:04:05+0000"],
        ):
            subprocess.run([*git, *command], check=True, env={**os.environ, "GIT_COMMITTER_DATE": "1767323045 +0000"})
        return place

    @staticmethod
    def make(clone: Path, *arguments: str, digests: str = f"python@{DIGEST}") -> subprocess.CompletedProcess[str]:
        engine = clone.parent / "engine" / "docker"
        engine.parent.mkdir()
        engine.write_text(
            f'#!/bin/sh\necho "$@" >>{clone.parent}/calls\ncase "$1 $2" in "image inspect") echo "{digests}";; esac\n'
        )
        engine.chmod(0o755)
        environment = {**os.environ, "PATH": f"{engine.parent}:{os.environ['PATH']}", "VERSION": "of something else"}
        return subprocess.run(
            ["make", *arguments], cwd=clone, capture_output=True, text=True, timeout=60, env=environment
        )

    def test_labels_are_those_of_the_commit(self, clone):
        made = self.make(clone, "image")
        assert made.returncode == 0, made.stderr
        called = (clone.parent / "calls").read_text()
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone, capture_output=True, text=True).stdout.strip()
        assert f"--build-arg REVISION={head} " in called
        assert "--build-arg VERSION=0." in called
        assert "--build-arg CREATED=2026-01-02T03:04:05Z " in called
        assert "--build-arg SOURCE=https://example.org/course/pset2.git " in called
        assert "PYTHON_IMAGE" not in called

    def test_a_changed_file_is_no_revisions(self, clone):
        (clone / "pyproject.toml").write_text('version = "2.0"\n')
        self.make(clone, "image")
        assert re.search(r"REVISION=[0-9a-f]{40}-dirty ", (clone.parent / "calls").read_text())

    def test_without_git_labels_stay_unknown(self, clone):
        shutil.rmtree(clone / ".git")
        self.make(clone, "image", "TAG=mine:1")
        called = (clone.parent / "calls").read_text()
        assert "REVISION" not in called
        assert "--tag mine:1 ." in called

    def test_the_digest_is_written_into_the_dockerfile(self, clone):
        made = self.make(clone, "image-digest")
        pinned = f"ARG PYTHON_IMAGE=python:3.12-slim-bookworm@{self.DIGEST}\n"
        assert made.stdout == pinned
        assert (clone / "Dockerfile").read_text() == f"{pinned}FROM ${{PYTHON_IMAGE}}\n"
        assert "pull --quiet python:3.12-slim-bookworm\n" in (clone.parent / "calls").read_text()

    def test_an_older_digest_is_replaced(self, clone):
        (clone / "Dockerfile").write_text(f"ARG PYTHON_IMAGE=python:3.12-slim-bookworm@sha256:{64 * 'b'}\n")
        self.make(clone, "image-digest")
        assert (clone / "Dockerfile").read_text() == f"ARG PYTHON_IMAGE=python:3.12-slim-bookworm@{self.DIGEST}\n"

    def test_without_a_digest_nothing_is_written(self, clone):
        before = (clone / "Dockerfile").read_text()
        made = self.make(clone, "image-digest", digests="")
        assert made.returncode != 0
        assert "docker knows no digest of python:3.12-slim-bookworm" in made.stderr
        assert (clone / "Dockerfile").read_text() == before


# ---- compose.yaml ----------------------------------------------------------------------------------------------


class TestCompose:
    TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    SERVICES: ClassVar[dict[str, Any]] = yaml.safe_load(TEXT)["services"]

    def test_grade_batch_experiments_and_gpu_have_a_profile_each(self):
        assert {*self.SERVICES} == {"gpu", "grade", "batch", "experiments"}
        for name, service in self.SERVICES.items():
            assert service["profiles"] == [name]

    @pytest.mark.parametrize("name", SERVICES)
    def test_a_command_is_a_verb_with_options_of_its_own(self, name):
        verb, *rest = self.SERVICES[name]["command"]
        assert verb in entrypoint.VERBS
        options = [word for word in rest if word.startswith("--")]
        command = typer.main.get_command(experiments if verb == "experiments" else app_for(""))
        if verb != "experiments" and options:
            command = command.commands[verb]  # type: ignore[attr-defined]
        assert {*options} <= {option for parameter in command.params for option in parameter.opts}

    @pytest.mark.parametrize("name", SERVICES)
    def test_what_a_command_reads_is_mounted_and_so_is_what_it_writes(self, name):
        service = self.SERVICES[name]
        mounted = {volume["target"]: volume for volume in service.get("volumes", [])}
        for word in service["command"]:
            if word.startswith("/"):
                assert mounted[word]["read_only"], word
        if entrypoint.VERBS[name].writes:
            assert not mounted["/out"].get("read_only")
        for volume in mounted.values():  # a folder that isn't there is a mistake, and nothing to make as root
            assert volume["type"] == "volume" or volume["bind"] == {"create_host_path": False}

    def test_data_sets_are_kept(self):
        assert {"type": "volume", "source": "datasets", "target": "/data"} in self.SERVICES["experiments"]["volumes"]
        assert "datasets" in yaml.safe_load(self.TEXT)["volumes"]

    def test_a_gpu_is_reserved_for_what_can_use_one(self):
        wants = {name for name, service in self.SERVICES.items() if "deploy" in service}
        assert wants == {"gpu", "experiments"}
        for name in wants:
            (device,) = self.SERVICES[name]["deploy"]["resources"]["reservations"]["devices"]
            assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])

    @pytest.mark.parametrize("name", ["grade", "batch"])
    def test_student_code_is_graded_as_documented(self, name):
        service = self.SERVICES[name]
        assert (service["network_mode"], service["read_only"], service["cap_drop"]) == ("none", True, ["ALL"])
        assert "--require-isolation" in service["command"]

    def test_it_runs_the_image_that_make_builds_and_no_other(self):
        (tag,) = re.findall(r"^TAG \?= (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        for service in self.SERVICES.values():
            assert service["image"] == f"${{IMAGE:-{tag}}}"
            assert service["pull_policy"] == "never"

    def test_its_comment_names_each_service_and_each_variable_with_its_default(self):
        comment = self.TEXT.partition("\nname:")[0]
        for name in self.SERVICES:
            assert f"docker compose run --rm {name} " in comment
        for name, default in re.findall(r"\$\{(\w+):-([^}]*)\}", self.TEXT):
            assert f"{name}={default} " in f"{comment} ", name
