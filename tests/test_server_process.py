"""A server that is started before it is needed: it is used once, and nothing is left of one that isn't."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.host import server_process
from harness.isolation.limits import Limits
from harness.start import _start_early
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no fork server")


def test_the_first_launcher_takes_it_and_the_next_has_its_own():
    from harness.host.fork import ForkLauncher

    server_process.start_early()
    server_process.start_early()  # there is one already
    (early,) = server_process._early
    first, other = ForkLauncher(Limits()), ForkLauncher(Limits())
    try:
        first.start()
        other.start()
        assert first._process is early.process
        assert other._process is not None
        assert other._process.pid != early.process.pid
        assert first.sandbox.landlock == other.sandbox.landlock  # user ids differ, if workers have their own
    finally:
        first.stop()
        other.stop()
    assert not early.scratch.exists()


def test_a_launcher_without_a_layer_leaves_it_to_others():
    from harness.host.fork import ForkLauncher

    server_process.start_early()
    special = ForkLauncher(Limits(), without=("seccomp",))
    special.start()
    special.stop()
    early = server_process.started_early()
    assert early is not None
    assert server_process.started_early() is None
    early.control.close()
    early.process.wait(60)


def test_it_ends_with_a_process_that_had_no_use_for_it():
    code = (
        "from harness.host import server_process as server; server.start_early(); "
        "print(server._early[0].scratch, server._early[0].process.pid)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    scratch, pid = done.stdout.split()
    deadline = time.monotonic() + 120
    while Path(scratch).exists() or Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "the server goes on"
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("grade student --part 2.1", "server"),
        ("grade student --part=2.1 --html r.html", "server"),
        ("check 2.1", "server"),
        ("check --all 2.1", "server"),
        ("check --seed=5 2.1", "server"),
        ("check", "template"),  # two processes, each with a server
        ("check --submission student --seed 5", "template"),
        ("grade student", "template"),
        ("grade student --part 2.1 --jobs 2", "template"),
        ("grade student --part 2.1 --in-process", ""),
        ("grade student --part 2.1 --require-isolation", ""),
        ("grade --part 2.1 --help", ""),
        ("validate --part 2", ""),
        ("", ""),
    ],
)
def test_a_grading_starts_what_it_will_need(arguments, expected, monkeypatch):
    started = []
    monkeypatch.setattr(server_process, "start_early", lambda: started.append("server"))
    monkeypatch.setattr(server_process, "start_template", lambda: started.append("template"))
    monkeypatch.setattr(server_process, "use_template", lambda template: None)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    _start_early(arguments.split())
    assert "".join(started) == expected
    monkeypatch.setattr(server_process, "uses_template", lambda: True)  # as in a warm server
    started.clear()
    _start_early(arguments.split())
    assert "".join(started) == expected.replace("template", "")


def test_a_template_serves_until_the_context_ends():
    from harness.host.fork import ForkLauncher

    with server_process.template():
        first = server_process._template
        with server_process.template():
            assert server_process._template is first
        launcher = ForkLauncher(Limits())
        launcher.start()
        assert isinstance(launcher._process, server_process.ForkedServer)
        launcher.stop()
    assert not server_process.uses_template()
