"""A lock that other processes respect, and what happens where there is none."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from harness.base import lock as locking
from harness.base.lock import lock
from tests.conftest import ROOT

HOLD = "import sys; from pathlib import Path; from harness.base.lock import lock\nwith lock(Path(sys.argv[1])):\n    "


def held_by_another(path: Path, then: str) -> subprocess.Popen[str]:
    """A process that holds the lock and has said so; ``then`` is what it does with it."""
    command = [sys.executable, "-c", f"{HOLD}print('held', flush=True); {then}", str(path)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_that_another_process_has_is_refused_and_a_kill_gives_it_back(tmp_path):
    with held_by_another(tmp_path / ".lock", "input()") as process:
        with pytest.raises(BlockingIOError):
            lock(tmp_path / ".lock")
        process.kill()
        process.wait()
        with lock(tmp_path / ".lock"):
            pass


def test_who_waits_gets_it_when_the_other_has_ended(tmp_path):
    path = tmp_path / "x"
    then = f"__import__('time').sleep(0.5); open({str(path)!r}, 'w').close()"
    with held_by_another(tmp_path / ".lock", then), lock(tmp_path / ".lock", wait=True):
        assert path.exists()


@pytest.mark.parametrize("error", [OSError(errno.ENOLCK, "No locks available"), NotImplementedError()])
def test_where_files_cannot_be_locked_everybody_goes_in(tmp_path, monkeypatch, error):
    class Refusing:
        def __init__(self, path: Path) -> None:
            pass

        def acquire(self, blocking: bool) -> None:
            raise error

    monkeypatch.setattr(locking, "FileLock", Refusing)
    with lock(tmp_path / ".lock"), lock(tmp_path / ".lock", wait=True):
        pass


def test_a_file_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        lock(tmp_path / "file" / ".lock")
