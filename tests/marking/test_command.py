"""``python -m grader review``: what it says before it serves, and that it serves."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from harness import ROOT
from harness.classroom.marking import MarkStore
from harness.classroom.review import cli
from harness.console import run as run_command

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    """Call the command, which serves nothing; its exit code, and all that it said."""
    monkeypatch.setattr(
        cli, "_serve", lambda context, taken: (print("served", context.markers, context.host), taken.close())
    )

    def call(*words: object) -> tuple[int, str]:
        code = run_command(cli.review, "review", [str(word) for word in words])
        said = capfd.readouterr()
        return code, " ".join((said.out + said.err).split())

    return call


def test_markers_come_from_options_and_from_a_file(say, grades, tmp_path):
    names = tmp_path / "names.toml"
    names.write_text('markers = ["Grace Hopper", "Zoë"]')
    code, said = say(grades, "--port", 0, "--marker", "Ada", "--markers", names)
    assert (code, said) == (0, "served ['Ada', 'Grace Hopper', 'Zoë'] 127.0.0.1")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--host", "0.0.0.0"), "name who marks, with --marker or --markers"),
        (("--marker", "Ada", "--marker", "Ada"), "Two markers have the same name"),
        (("--marker", "x" * 61), "1 to 60 characters"),
        (("--marker", "a\x1b[2J"), "1 to 60 characters"),
        (("--share", "1.1=Eve", "--marker", "Ada"), "--share 1.1=Eve names no question and its markers"),
        (("--share", "9.9=Ada", "--marker", "Ada"), "names no question"),
        (("--markers", "missing.toml"), 'write markers = ["Ada", "Alan"] into it'),
        (("--host", "256.1.1.1", "--marker", "Ada"), "choose another --port"),
    ],
)
def test_a_mistake_gets_one_sentence(options, sentence, say, grades):
    code, said = say(grades, "--port", 0, *options)
    assert code == 2
    assert sentence in said
    assert "Traceback" not in said


def test_a_folder_without_grades_is_refused(say, tmp_path):
    code, said = say(tmp_path, "--port", 0)
    assert code == 2
    assert "holds no grades: grade the class first" in said


def test_a_port_that_is_taken_is_said(say, grades):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        code, said = say(grades, "--port", other.getsockname()[1])
    assert code == 2
    assert "choose another --port" in said


def test_what_to_install_is_said(say, grades, monkeypatch):
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name == "pypdf" else object())
    code, said = say(grades, "--port", 0)
    assert code == 2
    assert "pip install -e '.[review]'" in said


def test_shares_and_requests_are_taken_in(say, grades, tmp_path):
    say(grades, "--port", 0, "--marker", "Ada", "--marker", "Alan", "--share", "1.1=Alan")
    table = tmp_path / "requests.csv"
    table.write_text("ID,question,text\nAda Lovelace,1.1,Please\n", encoding="utf-8-sig")
    assert say(grades, "--requests", table) == (0, "Regrade requests: 1 added, 0 were there already.")
    marks = MarkStore(grades).state()
    assert marks.share("1.1") == ("Alan",)
    assert [regrade.text for regrade in marks.regrades("s0")] == ["Please"]
    table.write_text("nobody,1.1,x\n")
    code, said = say(grades, "--requests", table)
    assert code == 2
    assert "Row 1: nobody" in said


@pytest.mark.slow
def test_it_serves_until_it_is_interrupted(grades: Path):
    command = [sys.executable, "-m", "grader", "review", str(grades), "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        page = httpx.Client(follow_redirects=True, timeout=30).get(address)
        assert "Progress" in page.text or "Go on" in page.text
        assert "token" not in str(page.url)
        process.send_signal(signal.SIGINT)
        said = " ".join("".join(process.communicate(timeout=30)).split())
        assert "Traceback" not in said
        assert "answers are not marked yet: the same command continues." in said
    finally:
        process.kill()
        process.wait()
