"""Several forked processes grade one submission: each test is run once, whatever happens to one of the processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("processes are forked", allow_module_level=True)

from harness.catalog import chosen, read_suites
from tests.conftest import ROOT
from tests.warm_python import without_pytest

PARTS = ("2.1", "2.2")
POINTS = {test.number: test.points for test in chosen(read_suites(), PARTS)}
GRADE = f"""
import json, os, sys
from harness import forked_run
from harness.grading import RunOptions, grade
from harness.validation.cases import SOLUTION
{{before}}
book = grade(SOLUTION, parts={PARTS}, options=RunOptions(jobs=2))
rows = {{{{test.number: [outcome.score, outcome.fault] for test, outcome in book.results if book.is_selected(test)}}}}
with open(f"/proc/self/task/{{{{os.getpid()}}}}/children") as children:
    print(json.dumps([rows, children.read().split()]))
"""
AT_THE_START = """
def begun(self, nodeid):
    real(self)
    {do}
real = forked_run._Messenger.pytest_runtest_logstart
forked_run._Messenger.pytest_runtest_logstart = begun
"""


@pytest.fixture
def graded(run, tmp_path) -> Callable[[str], dict[str, tuple[float, str]]]:
    """Run some code, grade the solution's parts with two processes, and return each test's score and fault."""

    def grade_there(before: str) -> dict[str, tuple[float, str]]:
        script = tmp_path / "grades.py"
        script.write_text(GRADE.format(before=before))
        done = run(script)
        assert done.returncode == 0, done.stderr
        rows, left = json.loads(done.stdout.splitlines()[-1])
        assert left == []
        return {number: (score, fault) for number, (score, fault) in rows.items()}

    return grade_there


def scores(rows: dict[str, tuple[float, str]]) -> dict[str, float]:
    return {number: score for number, (score, _) in rows.items()}


def test_two_processes_share_the_tests_and_set_up_what_tests_share_once(graded, tmp_path):
    log = tmp_path / "log"
    do = f"open({str(log)!r}, 'a').write(f'{{os.getpid()}} {{nodeid}}\\n')"
    shared = f"""
import torch
used = torch.set_num_threads
torch.set_num_threads = lambda n: (used(n), open({str(log)!r}, "a").write(f"{{os.getpid()}} set up\\n"))
"""
    rows = graded(AT_THE_START.format(do=do) + shared)
    assert scores(rows) == POINTS
    lines = [line.split(" ", 1) for line in log.read_text().splitlines()]
    tests = [what for _, what in lines if what != "set up"]
    assert len(tests) == len({*tests}) == len(POINTS)
    assert len({pid for pid, _ in lines}) == 2
    assert Counter(pid for pid, what in lines if what == "set up") == Counter({pid for pid, _ in lines})


@pytest.mark.parametrize(
    ("do", "reason"),
    [
        ("os.kill(os.getpid(), 9)", "crashed (signal 9)."),
        ("os.write(2, b'no memory\\n'); os._exit(3)", "crashed (exit code 3).\nno memory"),
    ],
)
def test_a_process_that_dies_costs_the_test_that_it_ran(graded, do, reason):
    rows = graded(AT_THE_START.format(do=f"if 'same_shape' in nodeid: {do}"))
    lost = [number for number, (_, fault) in rows.items() if fault]
    assert len(lost) == 1
    assert reason in rows[lost[0]][1]
    assert scores(rows) == POINTS | {lost[0]: 0.0}


def test_processes_that_die_at_once_cost_each_test_and_the_run_ends(graded):
    rows = graded("forked_run._loop = lambda *_: os._exit(3)")
    assert all("crashed (exit code 3)" in fault for _, fault in rows.values())
    assert rows.keys() == POINTS.keys()


@pytest.mark.parametrize(
    "before",
    [
        "import threading, time\nthreading.Thread(target=time.sleep, args=(100,), daemon=True).start()",
        "import threading, time\n"
        "forked_run.ForkedRun.pytest_collection_finish = lambda self: threading.Thread(\n"
        "    target=time.sleep, args=(100,), daemon=True\n).start()",
    ],
    ids=["before the run", "by a suite"],
)
def test_a_process_with_threads_is_not_forked(graded, before):
    assert scores(graded(before + "\nos.fork = None")) == POINTS


def test_a_server_that_was_started_early_is_not_shared(graded):
    assert scores(graded("from harness.host import server_process\nserver_process.start_early()")) == POINTS


def test_nothing_is_left_when_the_first_process_is_killed(tmp_path):
    endless = tmp_path / "endless"
    endless.mkdir()
    (endless / "quantization.py").write_text("while True:\n    pass\n")
    report = tmp_path / "r.json"
    arguments = ["-m", "grader", "grade", endless, "--part", "2", "--jobs", "2", "--json", report]
    place = without_pytest(XDG_RUNTIME_DIR=str(tmp_path))
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=place, stdout=subprocess.DEVNULL)
    ends = time.monotonic() + 120
    while len(found := _descendants(process.pid)) < 7:  # a template, two servers, two that grade, two workers
        assert time.monotonic() < ends, found
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    while any(Path(f"/proc/{pid}").exists() for pid in found):
        assert time.monotonic() < ends, "something goes on"
        time.sleep(0.05)


def _descendants(pid: int) -> list[int]:
    try:
        children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return children + [one for child in children for one in _descendants(child)]
