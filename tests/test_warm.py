"""The warm server: what it does is what a new Python would do, and nothing of one run is left for the next."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

if sys.platform != "linux":
    pytest.skip("processes are forked", allow_module_level=True)

from harness.start import _can_be_warm
from harness.submission.definitions import parts_changed
from harness.validation.cases import SOLUTION
from harness.warm import address, client, server
from harness.warm import watch as watching
from harness.warm.pytest_command import exit_code
from tests.conftest import ROOT
from tests.warm_python import WarmPython, without_pytest

QUANTIZATION = (SOLUTION / "quantization.py").read_text(encoding="utf-8")


def started(run: WarmPython, *arguments: str | Path, output: int, **environment: str) -> client.Running | None:
    return client.ask(
        [*map(str, arguments)],
        path=run.socket,
        folder=ROOT,
        environment={**run.environment(), **environment},
        descriptors=(os.open(os.devnull, os.O_RDONLY), output, output),
    )


def test_it_does_what_a_new_python_does(run, tmp_path):
    (tmp_path / "said.py").write_text(
        "import os, sys\nprint(sys.argv[1:], os.getcwd(), os.environ['COLUMNS'], __name__)\n"
        "print(input(), file=sys.stderr)\nsys.exit('no')\n"
    )
    arguments = [tmp_path / "said.py", "a", "b c"]
    warm = run(*arguments, stdin="word\n")
    cold = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, input="word\n", capture_output=True, text=True, env=without_pytest()
    )
    assert (warm.returncode, warm.stdout, warm.stderr) == (cold.returncode, cold.stdout, cold.stderr)
    assert warm.returncode == 1
    assert "word\nno\n" in warm.stderr


def test_new_files_have_the_permissions_of_who_asks(run, tmp_path):
    (tmp_path / "writes.py").write_text("import sys\nopen(sys.argv[1], 'w').close()\n")
    for name, mask, mode in (("closed", 0o077, 0o600), ("open", 0o022, 0o644)):
        before = os.umask(mask)
        try:
            assert run(tmp_path / "writes.py", tmp_path / name).returncode == 0
        finally:
            os.umask(before)
        assert (tmp_path / name).stat().st_mode & 0o777 == mode


@pytest.mark.parametrize(
    ("body", "code"),
    [("", 0), ("raise SystemExit(3)", 3), ("1 / 0", 1), ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL)],
)
def test_exit_codes_come_back(run, tmp_path, body, code):
    (tmp_path / "ends.py").write_text(body)
    ended = run(tmp_path / "ends.py")
    assert ended.returncode == code
    assert ("ZeroDivisionError" in ended.stderr) == ("/" in body)


def test_what_is_registered_for_the_end_is_called(run, tmp_path):
    (tmp_path / "ends.py").write_text("import atexit\natexit.register(print, 'the end')\nprint('begun')\n")
    assert run(tmp_path / "ends.py").stdout == "begun\nthe end\n"


def test_nothing_of_a_submission_is_left_for_the_next_one(run, submission, tmp_path):
    traces = (
        "import builtins, gc, os, sys, tempfile, torch, numpy\n"
        "for place in (builtins, torch, numpy, sys):\n    place.harness_trace = 'trace'\n"
        "torch.set_default_dtype(torch.float64)\n"
        "torch.Tensor.harness_trace = 'trace'\n"
        "open('trace', 'w').close()\n"
    )
    looks = (
        "import builtins, os, sys, torch, numpy\n"
        "places = (builtins, torch, numpy, sys, torch.Tensor)\n"
        "print('FOUND', [hasattr(place, 'harness_trace') for place in places], os.path.exists('trace'),\n"
        "      'student.layers' in sys.modules, torch.get_default_dtype())\n"
    )
    first, second = submission(quantization=QUANTIZATION + traces + looks), tmp_path / "second"
    second.mkdir()
    (second / "quantization.py").write_text(QUANTIZATION + looks)
    said = []
    for folder in (first, second):
        report = tmp_path / "results.json"
        assert run("-m", "grader", "check", "2.1a", "--submission", folder).returncode == 0
        run("-m", "grader", "grade", folder, "--part", "2.1a", "--json", report)
        said.append(report.read_text())
    assert "FOUND [True, True, True, True, True] True" in said[0]
    assert "FOUND [False, False, False, False, False] False False torch.float32" in said[1]


def test_two_runs_draw_different_seeds(run):
    seeds = [run("-m", "grader", "check", "2.1a").stdout.rpartition("Seed ")[2] for _ in range(2)]
    assert seeds[0] != seeds[1]


def test_ctrl_c_reaches_what_runs(run, submission, tmp_path):
    folder = submission(quantization="def quantize(W, bits=8):\n    while True:\n        pass\n")
    report = tmp_path / "results.json"
    with (tmp_path / "said").open("wb") as output:
        running = started(
            *(run, "-m", "grader", "grade", folder, "--part", "2.1", "--json", report), output=output.fileno()
        )
        assert running is not None
        while not report.exists():
            time.sleep(0.05)
        running.send(signal.SIGINT)
        assert running.wait(60) == 130
    assert "incomplete" in (tmp_path / "said").read_text()


def test_who_goes_away_leaves_nothing_behind(run, submission, tmp_path):
    folder = submission(quantization="while True:\n    pass\n")
    with (tmp_path / "said").open("wb") as output:
        running = started(run, "-m", "grader", "grade", folder, "--part", "2.1", output=output.fileno())
    assert running is not None
    time.sleep(0.5)
    running.close()
    ends = time.monotonic() + 60
    while Path(f"/proc/{running.pid}").exists():
        assert time.monotonic() < ends, "it goes on"
        time.sleep(0.05)


# ---- which server it may be ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "value", "can"),
    [
        ("OMP_NUM_THREADS", "3", False),
        ("PYTHONPATH", "/somewhere/else", False),
        ("PYTHONPATH", str(ROOT), True),
        ("PYTHONUNBUFFERED", "1", True),
        ("LANG", "C", True),
    ],
)
def test_what_has_to_be_known_at_the_start_of_a_process_is_refused(run, variable, value, can):
    with open(os.devnull, "wb") as output:
        running = started(run, "-m", "this", output=output.fileno(), **{variable: value})
        assert (running is not None) == can
        assert running is None or running.wait(60) == 0


@pytest.fixture
def listener(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        one.bind(str(tmp_path / "socket"))
        one.listen()
        yield one


@pytest.fixture
def interrupts():
    """A server leaves Ctrl-C to what it has started; here it runs in the tests' own process."""
    kept = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, kept)


def test_it_ends_when_it_was_idle_for_too_long(listener, interrupts):
    assert server._next(listener, address.code_digest(), idle_seconds=0.1) is None


def test_it_ends_when_its_code_has_changed_and_does_nothing_more(listener, interrupts):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(listener.getsockname())
        assert server._next(listener, "the digest of other code", idle_seconds=60) is None


def test_the_digest_is_that_of_the_code(tmp_path, monkeypatch):
    monkeypatch.setattr(address, "ROOT", tmp_path)
    for name in ("pyproject.toml", "harness/__init__.py", "harness/cases/one.py", "student/mine.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    before = address.code_digest()
    for name in ("harness/cases/one.py", "student/mine.py"):
        (tmp_path / name).write_text("x = 22\n")
    assert address.code_digest() == before
    (tmp_path / "harness/__init__.py").write_text("x = 22\n")
    changed = address.code_digest()
    (tmp_path / "harness/new.py").touch()
    assert len({before, changed, address.code_digest()}) == 3


def test_its_folder_is_closed_to_other_users(runtime, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    path = address.address()
    assert path is not None
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.parent.chmod(0o755)  # somebody else may have been in there
    assert address.address() is None


@pytest.mark.parametrize(
    ("arguments", "can"),
    [
        ("check", True),
        ("check 2.1", True),
        ("grade student --part 2.1", True),
        ("grade student --json r.json", True),
        ("grade student --require-isolation", False),
        ("grade student --in-process", False),
        ("grade student --device=cuda", False),
        ("grade student --experiments quick", False),
        ("batch submissions", False),
        ("validate", False),
        ("doctor", False),
        ("", False),
    ],
)
def test_only_gradings_of_one_submission_are_left_to_it(arguments, can):
    assert _can_be_warm(arguments.split()) is can


# ---- pytest's command line -------------------------------------------------------------------------------------------

PYTEST = """
import atexit, sys
from pathlib import Path
from harness.warm import client
path = Path(sys.argv.pop(1))
client.address = lambda: path
atexit.register(lambda: print("torch was imported here:", "torch" in sys.modules, file=sys.stderr))
import pytest
sys.exit(pytest.main())
"""


def pytest_command(run: WarmPython, *arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The command line of pytest, in a process for which the warm server is that of ``run``."""
    command = [sys.executable, "-c", PYTEST, str(run.socket), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=run.environment(), timeout=300)


def test_pytest_lets_it_grade(run):
    chosen = ["-k", "same_shape", f"--submission={SOLUTION}", "-q"]
    warm = pytest_command(run, *chosen)
    assert warm.stderr == "torch was imported here: False\n"
    assert "1 passed" in warm.stdout
    assert re.search(r"2\.1 .* 2 / 2", warm.stdout)
    assert warm.returncode == 0
    in_suites = pytest_command(run, "test_part2_quantization.py", *chosen, folder=ROOT / "grader" / "suites")
    assert in_suites.stderr == warm.stderr
    assert "1 passed" in in_suites.stdout
    failing = pytest_command(run, "-k", "same_shape", f"--submission={ROOT / 'student'}", "--nosuch")
    assert failing.returncode == pytest.ExitCode.USAGE_ERROR
    assert "unrecognized arguments: --nosuch" in failing.stderr


def test_pytest_without_a_server_grades_itself(run, tmp_path):
    command = [sys.executable, "-c", PYTEST, str(tmp_path / "none"), "-k", "same_shape", f"--submission={SOLUTION}"]
    cold = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=run.environment(), timeout=300)
    assert "torch was imported here: True" in cold.stderr
    assert "1 passed" in cold.stdout


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ("", True),
        ("-k stochastic -x -q --seed 3", True),
        ("grader/suites/test_part2_quantization.py::test_the_same_shape", True),
        ("--pdb", False),
        ("--in-process", False),
        ("-n 2", False),
        ("-p pytest_hooks_of_another", False),
        ("-c other.toml", False),
        ("tests", False),
        ("grader/suites tests", False),
    ],
)
def test_only_runs_of_the_suites_are_left_to_it(arguments, asked, monkeypatch):
    class Told(Exception):
        pass

    def run(words):
        assert words == ["-m", "pytest", *arguments.split()]
        raise Told

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["pytest", *arguments.split()])
    monkeypatch.setattr(client, "run", run)
    capture = SimpleNamespace(suspend_global_capture=lambda in_: None, resume_global_capture=lambda: None)
    words = arguments.split()
    config: Any = SimpleNamespace(
        invocation_params=SimpleNamespace(args=words, plugins=None, dir=ROOT),
        known_args_namespace=SimpleNamespace(
            usepdb="--pdb" in words,
            in_process="--in-process" in words,
            numprocesses=2 if "-n" in words else None,
            inifilename="other.toml" if "-c" in words else None,
            plugins=["harness.pytest_hooks", *(["pytest_hooks_of_another"] if "-p" in words else [])],
            file_or_dir=[word for word in words if word.startswith(("grader", "tests"))],
        ),
        rootpath=ROOT,
        getini=lambda name: ["grader/suites"],
        pluginmanager=SimpleNamespace(getplugin=lambda name: capture),
    )
    if asked:
        with pytest.raises(Told):
            exit_code(config)
        config.invocation_params.plugins = [object()]  # a program has called pytest
    assert exit_code(config) is None


# ---- watch -----------------------------------------------------------------------------------------------------------


def test_a_path_that_is_too_long_for_a_socket_is_not_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 100)))
    path = address.address()
    assert path is not None
    assert path.is_relative_to(tempfile.gettempdir())
    assert "x" * 100 not in str(path)


def test_what_is_saved_is_graded_at_once(submission, runtime, tmp_path):
    folder = submission()
    environment = {**without_pytest(), "XDG_RUNTIME_DIR": str(runtime), "PYTHONUNBUFFERED": "1"}
    said = tmp_path / "said"
    with said.open("wb") as output:
        watching = subprocess.Popen(
            [sys.executable, "-m", "grader", "watch", folder, "--part", "2.1", "--part", "6.2b"],
            cwd=ROOT,
            stdout=output,
            stderr=output,
            env=environment,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
        )
    try:
        wait_for(said, "Watching", 1)
        assert "Everything that was graded here passed." in said.read_text()
        (folder / "quantization.py").write_text(QUANTIZATION + "\n\ndef dequantize(codes, args):\n    return None\n")
        wait_for(said, "Watching", 2)
        second = said.read_text().partition("Watching")[2]
        assert "dequantize's result is None, expected an array." in second
        assert "6.2" not in second
        assert re.search(r"Saved at \d\d:\d\d:\d\d: quantization.py\.\n", second)
        (folder / "quantization.py").write_text(QUANTIZATION + "\n# A comment changes nothing.\n")
        wait_for(said, "Watching", 3)
        (folder / "quantization.py").write_text(QUANTIZATION + "\n# Nor does another.\n")
        wait_for(said, "quantization.py. No part that is watched has changed.", 1)
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 0
    finally:
        watching.kill()
    assert "Traceback" not in said.read_text()


@pytest.mark.parametrize("event", [set(), {("modified", "quantization.py")}])
def test_a_save_without_an_event_is_graded_too(submission, monkeypatch, event):
    """A save between the first table and the start of the watch makes no event: the next look at the files finds it."""
    folder, graded = submission(), []

    def changes(*_, **options):
        assert options["yield_on_timeout"]
        assert options["rust_timeout"] <= 1000
        (folder / "quantization.py").write_text(QUANTIZATION + "\n\ndef dequantize(codes, args):\n    return None\n")
        yield event
        (folder / "quantization.py").unlink()  # as an editor does that writes the file anew
        yield event

    def run(arguments):
        graded.append(arguments[3:-2])
        return 0

    monkeypatch.setattr(watching.client, "start", lambda *_: True)
    monkeypatch.setattr(watching.client, "run", run)
    monkeypatch.setattr("watchfiles.watch", changes)
    watching.watch(folder, part=["2.1"])
    assert graded == [["2.1"], ["2.1"]]


def test_a_part_without_tests_is_refused(run):
    done = run("-m", "grader", "watch", "--part", "9")
    assert done.returncode == 2
    assert done.stderr.startswith("There is no test of part 9: choose one of 1.1, ")


def test_a_relative_path_is_that_of_the_current_folder_without_a_server_too(submission, tmp_path, monkeypatch):
    folder, started = submission(), []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(watching.client, "start", lambda *_: False)
    monkeypatch.setattr(watching.client, "run", lambda arguments: None)
    monkeypatch.setattr(watching.subprocess, "run", lambda arguments, **_: started.append(arguments))
    monkeypatch.setattr("watchfiles.watch", lambda *_, **__: iter(()))
    watching.watch(Path(folder.name))
    assert [arguments[-1] for arguments in started] == [str(folder)]


def wait_for(path: Path, text: str, times: int) -> None:
    ends = time.monotonic() + 120
    while path.read_text().count(text) < times:
        assert time.monotonic() < ends, path.read_text()
        time.sleep(0.05)


BEFORE = "import numpy as np\n\n\ndef helper(x):\n    return x\n\n\ndef quantize(W):\n    return helper(W)\n\n\n"
BEFORE += "def stochastic_quantize(W):\n    return W\n"


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("return W\n", "return 2 * W\n", {"2.3"}),
        ("    return x", "    return -x", {"2.1"}),  # of what quantize uses
        ("return W\n", "return W  # as it is\n", set()),
        ("import numpy as np\n", "import numpy as np\nimport torch\n", {"2.1", "2.2", "2.3"}),
        ("return W\n", "return W(\n", {"2.1", "2.2", "2.3"}),
        ("def stochastic_quantize", "def another", {"2.3"}),
    ],
)
def test_a_change_is_graded_by_the_parts_that_it_can_change(old, new, parts):
    assert parts_changed("quantization", BEFORE, BEFORE.replace(old, new)) == parts
