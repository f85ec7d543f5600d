"""A server that is started before it is needed: it is used once, and nothing is left of one that isn't."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.host import server_process
from harness.isolation.limits import Limits
from harness.start import _grades_in_one_process
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
        assert first.sandbox == other.sandbox
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
        ("grade student --part 2.1", True),
        ("grade student --part=2.1 --html r.html", True),
        ("check 2.1", True),
        ("check", False),
        ("grade student", False),  # two processes, each with a server
        ("grade student --part 2.1 --jobs 2", False),
        ("grade student --part 2.1 --in-process", False),
        ("grade student --part 2.1 --require-isolation", False),
        ("grade --part 2.1 --help", False),
        ("validate --part 2", False),
        ("", False),
    ],
)
def test_it_is_started_for_gradings_in_one_process(arguments, expected):
    assert _grades_in_one_process(arguments.split()) is expected
