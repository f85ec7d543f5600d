"""The sandbox around a worker: each layer alone, what is noticed where one is missing, and what is swept away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

if sys.platform != "linux":
    pytest.skip("the sandbox is Linux'", allow_module_level=True)

from harness.edition import SECRET_FOLDERS
from harness.host.failures import SandboxError, StudentError
from harness.host.fork import ForkLauncher
from harness.host.proxies import Student
from harness.isolation import seccomp, self_check
from harness.isolation.limits import Limits
from harness.isolation.sandbox import remove_tree
from harness.submission.hints import hints
from harness.submission.intake import SubmissionError, find
from tests.other_users import ORDINARY_USER, installation

ROOT = Path(__file__).resolve().parent.parent
SHORT = Limits(call_seconds=2, test_seconds=4, scratch_files=300)
ALL = ("own user", "Landlock", "seccomp")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(scope="module")
def launcher() -> Iterator[ForkLauncher]:
    self_check.with_secret()
    one = ForkLauncher(SHORT)
    yield one
    one.stop()


# ---- what the self-check finds -----------------------------------------------------------------------------------


def test_whoever_grades_here_student_code_gets_nowhere(launcher):
    found = self_check.check(launcher)
    assert [one for one in found.findings if one.outcome is not self_check.Outcome.REFUSED] == []
    assert found.problem == ""
    assert len(found.findings) >= 18


@pytest.mark.parametrize(
    ("without", "ways"),
    [
        (("seccomp",), {"start a process", "open a connection"}),
        (
            ("own user", "Landlock"),
            {"read the tests", "read the solution", "read the validation cases", "write beside the report"},
        ),
        (ALL, {"read the tests", "start a process", "send a signal to the grader", "change the tests"}),
    ],
)
def test_the_doctor_notices_what_is_missing(without, ways):
    self_check.with_secret()
    launcher = ForkLauncher(SHORT, without=without)
    try:
        found = self_check.quick_check(launcher)
        assert found.faults == []
        assert {*found.breaches} >= ways
        names = dict(self_check.layers(launcher))
        assert all(names[layer].startswith("no: ") for layer in without)
    finally:
        launcher.stop()


@as_root
@pytest.mark.parametrize("user", [0, ORDINARY_USER])
def test_the_command_says_isolated_as_root_and_as_an_ordinary_user(user):
    identity = {"user": user, "group": user, "extra_groups": []} if user else {}
    with installation(owner=user, private=True) as here:
        result = subprocess.run(
            here.command("-m", "grader", "doctor"),
            cwd=here.root,
            env=here.environment(COLUMNS="100"),
            capture_output=True,
            text=True,
            **identity,
        )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Isolated: student code reaches neither" in result.stdout
    assert "GOT THROUGH" not in result.stdout
    assert ("yes: one of" in result.stdout) == (user == 0)


@as_root
def test_without_landlock_root_is_isolated_by_user_ids_where_folders_are_closed():
    program = (
        "from harness.isolation import self_check; from harness.host.fork import ForkLauncher; "
        "from harness.isolation.limits import Limits; self_check.with_secret(); "
        "one = ForkLauncher(Limits(call_seconds=2), without=('Landlock',)); "
        "found = self_check.quick_check(one); print([*found.breaches, *found.faults]); one.stop()"
    )
    everything = [f"read {what}" for what in SECRET_FOLDERS["staff"].values()]
    for private, expected in ((True, []), (False, everything)):
        with installation(private=private) as here:
            result = subprocess.run(
                here.command("-c", program), cwd=here.root, env=here.environment(), capture_output=True, text=True
            )
            assert result.stdout.strip() == str(expected), result.stderr


def test_require_isolation_grades_or_stops_with_a_sentence(run):
    options = ["-m", "grader", "grade", "grader/solution", "--part", "2.1a", "--require-isolation"]
    result = run(*options)
    assert result.returncode == 0
    assert "Everything that was graded here passed" in result.stdout
    result = run(*options, "--in-process")
    assert result.returncode == 2
    assert result.stderr.startswith("Nothing was graded: student code is not isolated at all with --in-process")


# ---- layers --------------------------------------------------------------------------------------------------


def test_no_system_call_is_listed_twice():
    for machine in seccomp.ARCHITECTURES:
        texts = (seccomp._DENIED, seccomp._MISSING, seccomp._LOOKED_INTO)
        numbers = [number for text in texts for _, number in seccomp._numbers(text, machine)]
        assert len(numbers) == len(set(numbers)) > 100
        assert len(seccomp._program(machine, 1)) < 4096  # the kernel's limit


def test_an_unknown_machine_has_no_filter():
    with pytest.raises(OSError, match="no table of system calls for riscv64"):
        seccomp._program("riscv64", 1)


@as_root
def test_every_worker_has_a_user_of_its_own():
    program = (
        "from pathlib import Path; from harness.host.fork import ForkLauncher; "
        "from harness.isolation.limits import Limits; from harness.host.proxies import Student\n"
        "folder = Path('one'); folder.mkdir()\n"
        "(folder / 'quantization.py').write_text('import os\\ndef quantize():\\n    return os.getresuid()')\n"
        "one = ForkLauncher(Limits())\n"
        "for _ in range(3):\n"
        "    student = Student(one, folder, '2', 1); print(*student.quantization.quantize()); student.close()\n"
        "one.stop()"
    )
    with installation() as here:
        result = subprocess.run(
            here.command("-c", program), cwd=here.root, env=here.environment(), capture_output=True, text=True
        )
    users = [line.split() for line in result.stdout.splitlines()]
    assert len(users) == 3, result.stderr
    assert all(len(set(ids)) == 1 and 20_000 <= int(ids[0]) < 60_000 for ids in users)
    assert len({ids[0] for ids in users}) == 3


HONEST = """
import ctypes, os, tempfile, threading, time
from concurrent.futures import ThreadPoolExecutor
import numpy as np, torch


def in_thread(function):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def threads_attributes():  # as Python 3.14 does to know where its stack ends
    libc = ctypes.CDLL(None)
    libc.pthread_self.restype = ctypes.c_void_p
    attributes = ctypes.create_string_buffer(256)
    assert libc.pthread_getattr_np(ctypes.c_void_p(libc.pthread_self()), attributes) == 0
"""


@pytest.mark.parametrize(
    "body",
    [
        "torch.randn(64, 64) @ torch.randn(64, 64)",
        "torch.conv2d(torch.randn(1, 3, 9, 9, requires_grad=True), torch.randn(2, 3, 3, 3)).sum().backward()",
        "threading.Thread(target=print).start()",
        "open('mine.txt', 'w').write('x')",
        "tempfile.mkdtemp()",
        "torch.save(torch.zeros(3), 'weights.pt')",
        "__import__('course.datasets').datasets.load('cifar10', 'test')",
        "__import__('sqlite3')",
        "__import__('matplotlib.pyplot')",
        "np.linalg.svd(np.ones((50, 50)))",
        "np.savez('a.npz', x=np.ones(3))",
        "os.kill(os.getpid(), 0)",
        "assert os.sched_getaffinity(0) == os.sched_getaffinity(os.getpid())",
        "assert os.getpriority(os.PRIO_PROCESS, 0) == os.getpriority(os.PRIO_PROCESS, os.getpid())",
        "assert os.getpgid(0) == os.getpgrp() and os.getsid(0)",
        "time.sleep(0.001), time.thread_time(), time.process_time(), time.clock_gettime(time.CLOCK_REALTIME)",
        "torch.set_num_threads(2); assert (torch.ones(900, 900) @ torch.ones(900, 900)).sum() == 900**3",
        "in_thread(lambda: torch.conv2d(torch.randn(8, 3, 64, 64), torch.randn(2, 3, 3, 3)))",
        "in_thread(threads_attributes)",
    ],
)
def test_what_honest_code_does_goes_on_working(launcher, quantization, body):
    text = f"{HONEST}\n\ndef quantize():\n    {body}\n    return 7\n"
    assert quantization(launcher, text).quantization.quantize() == 7


def test_a_refusal_has_a_hint(launcher, quantization):
    student = quantization(launcher, "import subprocess\n\n\ndef quantize():\n    subprocess.run(['ls'])\n")
    with pytest.raises(StudentError, match="PermissionError") as refused:
        student.quantization.quantize()
    (hint,) = hints(refused.value.failure)
    assert "can't start processes, open connections" in hint


# ---- what is swept away --------------------------------------------------------------------------------------


def test_a_folder_that_is_made_to_be_hard_to_remove(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    deep = folder / "deep"
    deep.mkdir()
    descriptor = os.open(deep, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    (folder / "closed" / "inner").mkdir(parents=True)
    (folder / "closed").chmod(0)
    remove_tree(folder)
    assert not folder.exists()


def test_too_many_files_stop_a_worker(launcher, quantization):
    text = (
        "import time\n\n\ndef quantize():\n    for number in range(2000):\n        open(f'f{number}', 'w').close()\n"
        "    time.sleep(60)\n"
    )
    with pytest.raises(StudentError, match="too many files"):
        quantization(launcher, text).quantization.quantize()


@as_root
def test_files_in_open_folders_are_swept_where_there_is_no_landlock():
    name = f"/tmp/left-by-a-worker-{os.getpid()}"
    program = (
        "import os; from pathlib import Path; from harness.host.fork import ForkLauncher; "
        "from harness.isolation.limits import Limits; from harness.host.proxies import Student\n"
        "folder = Path('one'); folder.mkdir()\n"
        f'(folder / \'quantization.py\').write_text(\'def quantize():\\n    open("{name}", "w").write("x")\\n\')\n'
        "one = ForkLauncher(Limits(), without=('Landlock',))\n"
        "student = Student(one, folder, '2', 1); student.quantization.quantize()\n"
        f"print(os.path.exists({name!r})); student.close(); one.children(); print(os.path.exists({name!r})); one.stop()"
    )
    with installation() as here:
        result = subprocess.run(
            here.command("-c", program), cwd=here.root, env=here.environment(), capture_output=True, text=True
        )
    assert result.stdout.split() == ["True", "False"], result.stderr


def test_a_killed_grader_leaves_no_process_and_no_folder(tmp_path):
    program = (
        "import sys, time; from pathlib import Path; from harness.host.fork import ForkLauncher; "
        "from harness.isolation.limits import Limits; from harness.host.proxies import Student\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "(folder / 'quantization.py').write_text('def quantize():\\n    return 1')\n"
        "one = ForkLauncher(Limits())\n"
        "student = Student(one, folder, '2', 1); student.quantization.quantize()\n"
        "print(one._process.pid, *one.children(), one.shared.parent, flush=True); time.sleep(100)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    *pids, folder = process.stdout.readline().split()
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and (Path(folder).exists() or any(Path(f"/proc/{pid}").exists() for pid in pids)):
        time.sleep(0.05)
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    assert not Path(folder).exists()


# ---- time ----------------------------------------------------------------------------------------------------


def test_calls_of_one_test_share_its_time(launcher, quantization):
    student = quantization(
        launcher, "import time\n\n\ndef quantize():\n    time.sleep(1.2)\n    return np\n\n\nnp = 1\n"
    )
    started = time.monotonic()
    with pytest.raises(StudentError, match="had not finished after"):
        for _ in range(20):
            student.quantization.quantize()
    assert time.monotonic() - started < 3 * SHORT.test_seconds * launcher.slowness


def test_after_the_runs_deadline_tests_are_not_run(run, submission, tmp_path, read_report):
    folder = submission(quantization="def quantize(W, bits=8):\n    while True:\n        pass\n")
    options = ["--json", tmp_path / "r.json", "--part", "2.1", "--part", "2.3", "--jobs", "1", "--deadline", "4"]
    result = run("-m", "grader", "grade", folder, *options)
    assert result.returncode == 0
    rows = {row["number"]: row for row in read_report(tmp_path / "r.json")["tests"]}
    assert rows["2.3f"]["output"].startswith("Not run: out of time.")
    assert rows["2.3f"]["extra_data"]["state"] == "not run"
    assert rows["2.1a"]["extra_data"]["state"] in ("failed", "not run")


def test_what_student_code_says_in_a_hidden_test_is_for_staff(run, submission, tmp_path, read_report):
    text = "class Rate:\n    pass\n\n\nprint('a secret input')\nraise ValueError('a secret input')\n"
    run("-m", "grader", "grade", submission(training=text), "--json", tmp_path / "r.json", "--part", "1.1")
    rows = {row["number"]: row for row in read_report(tmp_path / "r.json")["tests"]}
    assert "secret" not in rows["1.1b"]["output"]
    assert "secret" in rows["1.1b"]["extra_data"]["withheld"]
    assert "secret" in rows["1.1a"]["output"]


# ---- what workers see of a submission ------------------------------------------------------------------------


def test_only_plain_files_of_a_submission_are_copied(launcher, tmp_path):
    folder = tmp_path / "submission"
    (folder / "helpers").mkdir(parents=True)
    (folder / "results").mkdir()
    (folder / "quantization.py").write_text("import os\n\n\ndef quantize(path):\n    return sorted(os.listdir(path))\n")
    (folder / "helpers" / "more.py").write_text("x = 1\n")
    (folder / "results" / "record.json").write_text("{}")
    (folder / "pruning.py").symlink_to(ROOT / "grader" / "solution" / "pruning.py")
    (folder / "link.txt").symlink_to("/etc/passwd")
    (folder / "large.bin").write_bytes(bytes(5 << 20))
    os.mkfifo(folder / "training.py")
    os.mkfifo(folder / "pipe")
    student = Student(launcher, folder, "2.1", seed=1)
    student.quantization.quantize  # noqa: B018  (now there is a copy)
    (copy,) = (path for path in launcher.shared.parent.glob("submission-*") if (path / "helpers").exists())
    assert student.quantization.quantize(str(copy)) == ["helpers", "pruning.py", "quantization.py", "training.py"]
    with pytest.raises(StudentError, match=r"pruning.py is a link, which isn't followed: hand in the file itself"):
        student.pruning.prune  # noqa: B018
    with pytest.raises(StudentError, match=r"training.py is missing or is not a regular file: hand in the file itself"):
        student.training.LEARNING_RATES  # noqa: B018
    student.close()


def test_a_folder_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "student").symlink_to(ROOT / "grader" / "solution")
    with pytest.raises(SubmissionError, match="is a link, which isn't followed"):
        find(tmp_path)


def test_reading_a_copy_leaves_no_trace_on_it(launcher, tmp_path):
    """Times of reading would tell later workers what earlier ones did."""
    (tmp_path / "quantization.py").write_text("import os\ndef quantize():\n    return os.stat(__file__).st_atime_ns\n")
    (tmp_path / "notes.txt").write_text("x")
    student = Student(launcher, tmp_path, "2.1", seed=1)
    first = student.quantization.quantize()
    student.close()
    other = Student(launcher, tmp_path, "2.1", seed=1)
    assert other.quantization.quantize() == first > time.time_ns()
    other.close()


def test_only_one_worker_of_a_test_runs_at_a_time(launcher, quantization):
    text = (
        "import threading, time\n\nCOUNT = [0]\n\n\ndef _count():\n    while True:\n        COUNT[0] += 1\n"
        "        time.sleep(0.005)\n\n\ndef quantize():\n    if not COUNT[0]:\n"
        "        threading.Thread(target=_count, daemon=True).start()\n        time.sleep(0.1)\n    return COUNT[0]\n"
    )
    student = quantization(launcher, text)
    before = student.quantization.quantize()
    other = student.fresh()
    other.quantization.quantize()  # its worker stands still from here on
    time.sleep(1)
    assert 0 < before <= student.quantization.quantize() < before + 60


def test_a_worker_that_stands_still_keeps_its_files_to_itself(launcher, quantization):
    """Names and sizes of files can be asked for, so that the next worker must not know where they are."""
    text = (
        "import os\n\n\ndef quantize(path):\n    if path:\n        return os.path.exists(path)\n"
        "    open('mine', 'w').close()\n    return os.path.abspath('mine')\n"
    )
    student = quantization(launcher, text)
    path = student.quantization.quantize("")
    assert student.fresh().quantization.quantize(path) is False
    assert student.quantization.quantize(path) is True
    assert student.quantization.quantize("") == path


def test_a_worker_goes_on_only_where_the_others_of_its_test_stand_still(launcher, quantization, monkeypatch):
    student = quantization(launcher, "def quantize():\n    return 1\n")
    other = student.fresh()
    assert other.quantization.quantize() == 1
    monkeypatch.setattr("harness.host.fork.stand_still", lambda pid: False)
    with pytest.raises(StudentError, match="another process of the same test didn't stop when it had answered"):
        student.quantization.quantize()


OTHERS = """
import ctypes, errno, os, threading, time


def quantize(pid):
    if pid == 0:
        return os.getpid()
    answers = {}
    for name, ask in {
        "affinity": lambda: os.sched_getaffinity(pid),
        "policy": lambda: os.sched_getscheduler(pid),
        "parameters": lambda: os.sched_getparam(pid),
        "interval": lambda: os.sched_rr_get_interval(pid),
        "priority": lambda: os.getpriority(os.PRIO_PROCESS, pid),
        "group": lambda: os.getpgid(pid),
        "session": lambda: os.getsid(pid),
        "processor time": lambda: time.clock_gettime((~pid << 3) | 2),
        "space": lambda: os.statvfs("."),
    }.items():
        try:
            answers[name] = repr(ask())
        except OSError as error:
            answers[name] = errno.errorcode[error.errno]
    return answers
"""


def test_a_worker_is_told_nothing_about_another_one(launcher, quantization):
    student = quantization(launcher, OTHERS)
    answers = student.fresh().quantization.quantize(student.quantization.quantize(0))
    assert len(answers) == 9
    assert answers.pop("affinity") == "ENOSYS"
    assert set(answers.values()) == {"EPERM"}, answers


def test_a_changed_submission_is_copied_anew(launcher, tmp_path):
    path = tmp_path / "quantization.py"
    for value in (1, 22):
        path.write_text(f"VALUE = {value}\n")
        student = Student(launcher, tmp_path, "2.1", seed=1)
        assert value == student.quantization.VALUE
        student.close()


def test_large_arrays_arrive_whole(launcher, quantization):
    student = quantization(launcher, "def quantize(x):\n    return x * 2\n")
    x = np.arange(2_000_000, dtype=np.float64)
    assert np.array_equal(student.quantization.quantize(x), x * 2)


def test_a_wall_that_cannot_be_put_up_is_a_fault_and_not_the_students(launcher, quantization, monkeypatch):
    student = quantization(launcher, "def quantize():\n    return 1\n")
    assert student.quantization.quantize() == 1
    launcher.discard_spare()
    monkeypatch.setattr(ForkLauncher, "shared", property(lambda self: Path("/" + "x" * 5000)))  # Landlock can't open it
    with pytest.raises(SandboxError, match=r"a worker could not be started: .*File name too long"):
        student.fresh().quantization.quantize()
