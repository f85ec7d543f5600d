"""Hostile submissions fail in every mode that the machine can do: as root and as an ordinary user.

The attacks are in grader/cases/attacks; what is asked of them is in harness/validation/attacks.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from harness.validation.attacks import LIMITS, read_attacks
from tests.other_users import ORDINARY_USER, Installation, installation

ATTACKS = [attack.name for attack in read_attacks()]
#: What one process does after another: each has a server of its own to start.
CHUNK = 30
CHUNKS = [ATTACKS[start : start + CHUNK] for start in range(0, len(ATTACKS), CHUNK)]

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux'"),
    pytest.mark.timeout(900),
]
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")


@pytest.fixture(scope="module")
def installed() -> Iterator[Callable[[int], Installation]]:
    """The copy of the repository that belongs to a user, one for all attacks of this test process."""
    with ExitStack() as until_the_end:
        yield cache(lambda user: until_the_end.enter_context(installation(owner=user, private=user == 0)))


def attacked(
    here: Installation, names: list[str], *, user: int = 0, without: tuple[str, ...] = ()
) -> dict[str, list[str]]:
    """Run attacks in a copy of the repository as a user, and return the problems by attack."""
    options = [word for layer in without for word in ("--without", layer)]
    identity = {"user": user, "group": user, "extra_groups": []} if user else {}
    command = here.command("-m", "harness.validation.attacks", *names, *options)
    result = subprocess.run(  # type: ignore[call-overload]
        command, cwd=here.root, env=here.environment(), capture_output=True, text=True, timeout=800, **identity
    )
    verdicts = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    found = {verdict["attack"]: verdict["problems"] for verdict in verdicts}
    assert sorted(found) == sorted(names), result.stdout[-2000:] + result.stderr[-2000:]
    return {name: problems for name, problems in found.items() if problems}


@as_root
@pytest.mark.parametrize("names", CHUNKS, ids=lambda names: names[0])
def test_attacks_fail_where_root_grades(installed, names):
    assert attacked(installed(0), names) == {}


@as_root
@pytest.mark.parametrize("names", CHUNKS, ids=lambda names: names[0])
def test_attacks_fail_where_an_ordinary_user_grades(installed, names):
    assert attacked(installed(ORDINARY_USER), names, user=ORDINARY_USER) == {}


@as_root
def test_attacks_on_files_fail_where_root_grades_without_landlock(installed):
    """An older kernel: user ids and closed folders are the isolation, and one worker of a test runs at a time."""
    names = [
        *("opens_the_solution", "data_in_open_folders", "data_in_locks", "staged_solution", "damages_the_report"),
        *("exits_in_a_function", "forks_without_end", "conftest_in_the_submission"),
    ]
    assert attacked(installed(0), names, without=("Landlock",)) == {}


def test_attacks_are_many_and_each_shows_that_it_was_there():
    assert len(ATTACKS) >= 80  # that each has said so is one of the things that the attack runner looks at
    assert LIMITS.call_seconds < 6
