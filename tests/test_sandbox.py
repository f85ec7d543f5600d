"""Workers: values and objects, limits, and the many ways in which student code can end."""

from __future__ import annotations

import os
import platform
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.host.failures import StudentError
from harness.host.launch import Launcher, make_launcher
from harness.host.proxies import Remote, RemoteModule, Student
from harness.isolation.limits import Limits
from harness.validation.cases import SOLUTION
from harness.worker import functions

MODES = ["fork", "spawn", "in-process"] if sys.platform == "linux" else ["spawn", "in-process"]
ISOLATED = MODES[:-1]
#: Endless loops are waited for in some tests.
SHORT = Limits(call_seconds=1.5, cpu_seconds=20)


@pytest.fixture(scope="module", params=MODES)
def any_mode(request: pytest.FixtureRequest) -> Iterator[Launcher]:
    one = make_launcher(request.param)
    yield one
    one.stop()


@pytest.fixture(scope="module", params=ISOLATED)
def isolated(request: pytest.FixtureRequest) -> Iterator[Launcher]:
    one = make_launcher(request.param, SHORT)
    yield one
    one.stop()


def failure(student: Student, *args) -> str:
    """The message of a call to ``quantize`` that must fail."""
    try:
        found = student.quantization.quantize(*args)
    except BaseException as error:
        student_error = student.failure_of(error)
        assert student_error is not None, repr(error)
        return str(student_error)
    raise AssertionError(f"quantize returned {found!r}")


# ---- in every mode -----------------------------------------------------------------------------------------


def test_functions_constants_and_modules(any_mode):
    student = Student(any_mode, SOLUTION, "2", seed=1)
    codes, args = student.quantization.quantize(np.array([400.0, 500.0, 600.0]))
    assert codes.tolist() == [0, 128, 255]
    assert student.quantization.dequantize(codes, args)[1] == pytest.approx(500.392, abs=1e-3)
    layer = student.depthwise.DepthwiseSeparableConvolution(2, 3, 2)
    assert isinstance(layer, RemoteModule)
    assert {name: tuple(value.shape) for name, value in layer.parameters().items()} == {
        "k_0": (2, 2),
        "k_1": (2, 2),
        "one_d_conv_weight": (3, 2, 1, 1),
    }
    assert layer(torch.zeros(1, 2, 4, 5)).shape == (1, 3, 4, 5)
    student.close()


def test_an_input_that_student_code_changes_stays_as_it_was(any_mode, quantization):
    student = quantization(any_mode, "def quantize(W):\n    W[:] = 7\n    return W\n")
    W = np.zeros(3)
    assert student.quantization.quantize(W).tolist() == [7, 7, 7]
    assert not W.any()


def test_an_object_goes_to_a_second_process_and_variables_do_not(any_mode, quantization):
    student = quantization(
        any_mode,
        "class Args:\n    def __init__(self, x):\n        self.x = x\n\n"
        "COUNT = 0\n\ndef quantize(x):\n    global COUNT\n    COUNT += 1\n    return Args(x)\n\n"
        "def dequantize(args):\n    return args.x, COUNT\n",
    )
    args = student.quantization.quantize(5)
    assert isinstance(args, Remote)
    assert student.quantization.dequantize(args) == (5, 1)
    assert student.fresh().quantization.dequantize(args) == (5, 0)


def test_modules_of_a_submission_import_each_other(any_mode, tmp_path):
    (tmp_path / "quantization.py").write_text(
        "from student.pruning import one\nfrom .pruning import two\nTHREE = one + two\n"
    )
    (tmp_path / "pruning.py").write_text("from course.models import ConvNet\none, two = 1, 2\n")
    student = Student(any_mode, tmp_path, "2", seed=1)
    assert student.quantization.THREE == 3
    student.close()


def test_files_named_like_packages_shadow_nothing(any_mode, tmp_path):
    for name in ("numpy", "torch", "typing", "course"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('the wrong one')\n")
    (tmp_path / "quantization.py").write_text(
        "import numpy, torch, typing, course.models\nVERSION = numpy.__version__\n"
    )
    student = Student(any_mode, tmp_path, "2", seed=1)
    assert np.__version__ == student.quantization.VERSION
    student.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def quantize(W):\n    raise NotImplementedError('Part 2.1: quantize')\n", "Not implemented yet: Part 2.1"),
        ("x = 1\n", "quantization.py has no quantize: keep the names that the stub has."),
        ("def quantize(W)\n    pass\n", "quantization.py, line 1\n    def quantize(W)\n"),
        (
            "def helper(x):\n    return 1 / x\n\n\ndef quantize(W):\n    return helper(0)\n",
            "ZeroDivisionError: division by zero",
        ),
        ("def quantize(W):\n    raise SystemExit(3)\n", "raised SystemExit: 3\n  quantization.py, line 2, in quantize"),
        ("import missing_package\n", "The code of this part can't be imported: ModuleNotFoundError"),
        ("def quantize():\n    pass\n", "quantize(1.0) raised TypeError: quantize() takes 0 positional arguments"),
        ("def quantize(W):\n    return quantize(W)\n", "RecursionError"),
        ("import torch\n\n\ndef quantize(W):\n    return torch.zeros(2) @ torch.zeros(3)\n", "line 5, in quantize"),
    ],
)
def test_an_exception_is_the_students_own_lines(any_mode, quantization, text, expected):
    message = failure(quantization(any_mode, text), 1.0)
    assert expected in message
    assert "grader" not in message
    assert str(Path.cwd()) not in message


def test_not_implemented_of_a_library_is_a_failure(any_mode, quantization):
    student = quantization(any_mode, "from torch import nn\n\n\ndef quantize(W):\n    return nn.Module()(W)\n")
    assert "raised NotImplementedError: Module [Module] is missing the required" in failure(student, 1.0)


# ---- in processes of their own -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("os._exit(0)", "exit code 0, as os._exit(0) does"),
        ("os._exit(77)", "exit code 77"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "SIGTERM"),
        ("ctypes.string_at(0)", "SIGSEGV"),
        ("x = [0] * 10**11", "MemoryError"),
        ("sys.stdout.close(); os.close(1); os.close(2); os._exit(0)", "exit code 0"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="signals and memory limits of POSIX")
def test_the_end_of_a_worker_is_one_failure(isolated, quantization, body, expected):
    text = f"import ctypes, os, signal, sys\n\n\ndef quantize(W):\n    {body}\n"
    student = quantization(isolated, text)
    assert expected in failure(student, 1.0)
    student.close()
    after = Student(isolated, SOLUTION, "2", seed=1)  # the next one is well
    assert after.quantization.quantize(np.array([0.0, 1.0]))[0].tolist() == [0, 255]
    after.close()


@pytest.mark.parametrize("body", ["while True: pass", "time.sleep(1000)", "sigmask(); time.sleep(1000)"])
def test_what_does_not_end_is_stopped(isolated, quantization, body):
    text = (
        "import signal, time\n\n\ndef sigmask():\n    for number in range(1, 32):\n        try:\n"
        "            signal.signal(number, signal.SIG_IGN)\n"
        "        except (OSError, ValueError):\n            pass\n\n\n"
        f"def quantize(W):\n    {body}\n"
    )
    start = time.monotonic()
    message = failure(quantization(isolated, text), 1.0)
    assert "quantize(1.0) had not finished after" in message
    if "sigmask" not in body:
        assert "quantization.py, line 13, in quantize" in message
    assert time.monotonic() - start < 60


def test_output_is_kept_in_part_and_says_what_is_left_out(isolated, quantization):
    student = quantization(isolated, "def quantize(W):\n    print('first')\n    print('x' * 5_000_000)\n    return 1\n")
    assert student.quantization.quantize(1.0) == 1
    student.close()
    assert student.printed.startswith("first\nxxx")
    assert "bytes left out" in student.printed
    assert len(student.printed) < 60_000


IDLE = """
import threading, time

moments = []


def work():
    while len(moments) < 100_000:
        moments.append(time.monotonic())
        time.sleep(0.001)


def quantize(W):
    if not moments:
        threading.Thread(target=work, daemon=True).start()
    before = len(moments)
    while len(moments) <= before + 1:  # so that the thread has had its turn in each call
        time.sleep(0.001)
    seen = list(moments)
    return max(later - earlier for earlier, later in zip(seen, seen[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of POSIX")
def test_a_worker_stands_still_between_its_answer_and_the_next_call(isolated, quantization):
    student = quantization(isolated, IDLE)
    student.quantization.quantize(1.0)
    time.sleep(0.5)
    # The thread takes a moment of its own every few milliseconds: a gap this long is the time that the grader slept.
    assert student.quantization.quantize(1.0) > 0.4


def test_worker_output_is_not_mixed_up_with_answers(isolated, quantization):
    student = quantization(isolated, "import os\n\n\ndef quantize(W):\n    os.write(1, b'PSG1' * 100)\n    return 5\n")
    assert student.quantization.quantize(1.0) == 5


@pytest.mark.skipif(sys.platform != "linux", reason="the fork server finds what was left behind")
def test_a_process_that_was_left_behind_is_ended(quantization, tmp_path):
    from harness.host.fork import ForkLauncher

    launcher = ForkLauncher(SHORT, without=("own user", "Landlock", "seccomp"))  # else it couldn't be left behind
    mark = tmp_path / "pid"
    student = quantization(
        launcher,
        "import subprocess\n\n\ndef quantize(path):\n"
        "    child = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
        "    open(path, 'w').write(str(child.pid))\n    return 1\n",
    )
    assert student.quantization.quantize(str(mark)) == 1
    pid = int(mark.read_text())
    os.kill(pid, 0)
    student.close()
    assert pid not in launcher.children()  # which waits for what was asked of the server
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    launcher.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="fork")
def test_every_worker_has_other_random_numbers_and_a_seed_repeats_them(tmp_path):
    (tmp_path / "quantization.py").write_text(
        "import numpy as np, random, torch\n\n\n"
        "def quantize():\n    return random.random(), float(np.random.rand()), float(torch.rand(()))\n"
    )
    launcher = make_launcher("fork")

    def draw(seed: int) -> tuple[float, ...]:
        student = Student(launcher, tmp_path, "2", seed=seed)
        try:
            drawn: tuple[float, ...] = student.quantization.quantize()
            return drawn
        finally:
            student.close()

    first, again, other = draw(1), draw(1), draw(2)
    assert first == again
    assert all(one != two for one, two in zip(first, other, strict=True))
    launcher.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="fork")
def test_scratch_folders_are_gone_at_the_end(quantization):
    from harness.host.fork import ForkLauncher

    launcher = ForkLauncher(Limits())
    student = quantization(
        launcher, "import os\n\n\ndef quantize():\n    open('left', 'w').write('x')\n    return os.getcwd()\n"
    )
    scratch = Path(student.quantization.quantize())
    assert (scratch / "left").exists()
    student.close()
    launcher.children()  # waits for what was asked of the server
    assert not scratch.exists()
    launcher.stop()
    assert not scratch.parent.exists()


COLLAPSED = """
import ctypes, mmap
from pathlib import Path
from harness.isolation import huge_pages

def megabytes(what):
    rollup = Path("/proc/self/smaps_rollup").read_text()
    return int(rollup.partition(what + ":")[2].split()[0]) >> 10

probe = mmap.mmap(-1, 4 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
probe[:] = bytes(len(probe))
inside = -(-ctypes.addressof(ctypes.c_char.from_buffer(probe)) // (2 << 20)) * (2 << 20)
if ctypes.CDLL(None).madvise(ctypes.c_void_p(inside), ctypes.c_size_t(2 << 20), huge_pages.MADV_COLLAPSE):
    raise SystemExit("none here")
before = megabytes("AnonHugePages")
memory = mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
text = bytes(range(256)) * 16
for page in range(len(memory) // mmap.PAGESIZE):  # 16 MB are full, and of the rest every eighth page
    if page * mmap.PAGESIZE < 16 << 20 or page % 8 == 0:
        memory[page * mmap.PAGESIZE : page * mmap.PAGESIZE + len(text)] = text
resident = megabytes("Rss")
huge_pages.collapse()
print(megabytes("AnonHugePages") - before, megabytes("Rss") - resident)
for page in range(len(memory) // mmap.PAGESIZE):
    full = page * mmap.PAGESIZE < 16 << 20 or page % 8 == 0
    assert memory[page * mmap.PAGESIZE + 255] == (255 if full else 0)
"""


@pytest.fixture
def huge_pages(run) -> tuple[int, int]:
    """Megabytes of them in a process with 16 MB in full pages and 48 MB in nearly empty ones; and what they cost."""
    done = run("-c", COLLAPSED)
    if "none here" in done.stderr:
        pytest.skip("this kernel has no huge pages to give")
    assert done.returncode == 0, done.stderr
    made, more = map(int, done.stdout.split())
    return made, more


@pytest.mark.skipif(sys.platform != "linux", reason="fork")
def test_memory_in_use_is_put_into_huge_pages_and_what_is_nearly_empty_is_not(huge_pages):
    made, more = huge_pages
    assert made >= 12
    assert more <= 12


def huge_megabytes(launcher: Launcher) -> int:
    """How much of a fork server's memory is in huge pages."""
    from harness.host.fork import ForkLauncher

    assert isinstance(launcher, ForkLauncher)
    assert launcher._process is not None
    rollup = Path(f"/proc/{launcher._process.pid}/smaps_rollup").read_text()
    return int(rollup.partition("AnonHugePages:")[2].split()[0]) >> 10


@pytest.mark.skipif(sys.platform != "linux", reason="fork")
def test_the_servers_heap_is_in_huge_pages_from_the_beginning(huge_pages):
    if "[never]" in Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text():
        pytest.skip("this system gives none to a program that asks for them")
    if tuple(map(int, platform.libc_ver()[1].split("."))) < (2, 35):
        pytest.skip("this C library does not ask for them")
    launcher = make_launcher("fork")
    student = Student(launcher, SOLUTION, "2", seed=1)
    assert student.hold(1)
    assert huge_megabytes(launcher) > 20
    student.close()
    launcher.stop()


def test_student_code_has_its_garbage_collected(any_mode, quantization):
    code = """
        import gc
        import weakref


        class Ring:
            pass


        def quantize(W):
            ring = Ring()
            ring.itself = ring
            seen = weakref.ref(ring)
            del ring
            kept = [[] for _ in range(100_000)]
            return gc.isenabled() and seen() is None
    """
    student = quantization(any_mode, textwrap.dedent(code))
    assert student.quantization.quantize(1) is True
    student.close()


@pytest.mark.skipif(sys.platform != "linux", reason="fork")
def test_many_workers_make_the_next_ones_cheap(huge_pages):
    from harness.host.fork import ForkLauncher
    from harness.worker.server import FORKS

    launcher = ForkLauncher(Limits())
    for _ in range(FORKS - 5):
        student = Student(launcher, SOLUTION, "2", seed=1)
        assert student.hold(1)
        student.close()
    few = huge_megabytes(launcher)
    for _ in range(15):
        student = Student(launcher, SOLUTION, "2", seed=1)
        assert student.hold(1)
        student.close()
    launcher.discard_spare()  # the next worker, which would keep the old pages, as where another submission comes
    student = Student(launcher, SOLUTION, "2", seed=1)
    codes, _ = student.quantization.quantize(np.array([400.0, 500.0, 600.0]))
    assert codes.tolist() == [0, 128, 255]
    assert huge_megabytes(launcher) > few + 20
    student.close()
    launcher.stop()


def test_a_function_that_hangs_again_and_again_gets_less_time(quantization):
    launcher = make_launcher("auto", SHORT)
    student = quantization(launcher, "def quantize(W):\n    while True:\n        pass\n")
    waited = []
    for _ in range(3):
        start = time.monotonic()
        with pytest.raises(StudentError):
            student.quantization.quantize(1.0)
        student.close()
        waited.append(time.monotonic() - start)
    assert waited[2] < 0.75 * waited[0]
    launcher.stop()


def test_no_student_code_ever_runs_in_a_clean_process(isolated, tmp_path):
    """Spawned workers serve many tests: one that has run student code is never a clean one later."""
    text = "import numpy as np\nnp.random.default_rng = 'changed'\ndef quantize(W): return 1\n"
    (tmp_path / "quantization.py").write_text(text)
    student = Student(isolated, tmp_path, "2", seed=1)
    assert student.quantization.quantize(1) == 1
    student.close()
    other = Student(isolated, tmp_path, "2", seed=2)
    # Where numpy has been changed, this can't be called.
    assert isinstance(other.clean().run(functions.generator, 3), Remote)
    other.close()
