"""Measure the time of grading: from the command to the score, of the isolation, and of one more worker.

    make bench        or: python -m benchmarks.grading

Absolute seconds depend on the machine and are for orientation; the ratios compare variants that took turns in this run.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from harness.gradebook import Gradebook
from harness.grading import RunOptions, grade
from harness.host.launch import Launcher, make_launcher
from harness.host.proxies import Student
from harness.validation.cases import SOLUTION

ROOT = Path(__file__).resolve().parent.parent


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def take_turns(variants: dict[str, Callable[[], object]], rounds: int, pause: float = 0.0) -> dict[str, float]:
    """The median seconds of each variant. The variants run one after another in each round.

    Args:
        pause: seconds before each run, in which the processes of the last one can end.
    """
    times: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, variant in variants.items():
            time.sleep(pause)
            times[name].append(seconds(variant))
    return {name: statistics.median(values) for name, values in times.items()}


def command(*options: str) -> Callable[[], object]:
    """``python -m grader grade`` on the solution, as a user types it."""
    arguments = [sys.executable, "-m", "grader", "grade", str(SOLUTION), *options]
    return lambda: subprocess.run(arguments, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def one_worker(launcher: Launcher) -> None:
    """Start a worker, load a module, get an answer, and remove the worker."""
    student = Student(launcher, SOLUTION, "2", seed=1)
    student.depthwise.dw_conv_block  # noqa: B018
    student.close()


def seconds_until_ready(launcher: Launcher, new: bool) -> float:
    """The seconds until the first answer of a worker.

    Args:
        new: don't use the worker that the launcher has forked in advance.
    """
    if new and hasattr(launcher, "discard_spare"):
        launcher.discard_spare()
    student = Student(launcher, SOLUTION, "2", seed=1)
    taken = seconds(lambda: student.hold(1))
    student.close()
    return taken


def two_workers(launcher: Launcher) -> None:
    student = Student(launcher, SOLUTION, "2", seed=1)
    student.depthwise.dw_conv_block  # noqa: B018
    student.fresh().depthwise.dw_conv_block  # noqa: B018
    student.close()


def slowest_tests(gradebooks: list[Gradebook], count: int = 10) -> str:
    """The tests with the largest medians."""
    times: dict[str, list[float]] = {}
    for gradebook in gradebooks:
        for test, outcome in gradebook.results:
            times.setdefault(test.number, []).append(outcome.seconds)
    medians = sorted(((statistics.median(values), number) for number, values in times.items()), reverse=True)
    return ", ".join(f"{number} {value:.2f} s" for value, number in medians[:count])


def cpu_seconds(function: Callable[[], object]) -> float:
    """Processor time of the machine, which should do nothing else, while a function runs (Linux; elsewhere NaN).

    The processes of students' code are not waited for by their parents, so ``os.times()`` doesn't know of them.
    """
    before = _busy_seconds()
    function()
    time.sleep(0.3)  # what is cleaned up afterwards counts too
    return _busy_seconds() - before


def _busy_seconds() -> float:
    try:
        times = [int(one) for one in Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0].split()[1:9]]
    except OSError:
        return float("nan")
    user, nice, system, _idle, _waiting, interrupts, soft, _stolen = times
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


@contextmanager
def warm_server() -> Iterator[str]:
    """A warm server of its own. The value is the folder for ``XDG_RUNTIME_DIR`` with which commands find it."""
    with tempfile.TemporaryDirectory(prefix="run-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "harness.warm.server"], cwd=ROOT, env={**os.environ, "XDG_RUNTIME_DIR": folder}
        )
        while not list(Path(folder).glob("*/*[!k]")):  # its socket, beside a lock
            time.sleep(0.1)
        try:
            yield folder
        finally:
            process.terminate()
            process.wait()


def until_the_verdict(rounds: int = 7) -> Table:
    """From command to score, with a warm server and without one, against the time that importing torch takes."""
    with tempfile.TemporaryDirectory(prefix="run-") as cold, warm_server() as warm:

        def run(place: str, *arguments: str) -> Callable[[], object]:
            environment = {**os.environ, "XDG_RUNTIME_DIR": place}
            quiet = subprocess.DEVNULL
            return lambda: subprocess.run(
                [sys.executable, *arguments], cwd=ROOT, env=environment, check=True, stdout=quiet, stderr=quiet
            )

        check = ("-m", "grader", "check", "--submission", str(SOLUTION))
        times = take_turns(
            {
                "import torch": run(cold, "-c", "import torch"),
                "check 2.1b": run(cold, *check, "2.1b"),
                "check 2.1": run(cold, *check, "2.1"),
                "check": run(cold, *check),
                "check 2.1b, warm": run(warm, *check, "2.1b"),
                "check 2.1, warm": run(warm, *check, "2.1"),
                "check, warm": run(warm, *check),
            },
            rounds,
            pause=0.5,
        )
    table = Table("Command", "Median", "Times import torch", title="Until the verdict", title_justify="left")
    for name, value in times.items():
        table.add_row(name, f"{value:.2f} s", f"{value / times['import torch']:.2f}")
    return table


def main() -> None:
    console = Console(highlight=False)
    console.print(until_the_verdict())
    table = Table("What", "Median", "Ratio", "Aim", title="Grading the solution", title_justify="left")
    commands = take_turns(
        {
            "From command to score, part 6.1": command("--part", "6.1"),
            "From command to score, all": command(),
            "From command to score, all, --jobs 1": command("--jobs", "1"),
            "From command to score, all, --in-process": command("--in-process"),
        },
        rounds=3,
    )
    for name, value in commands.items():
        table.add_row(name, f"{value:.1f} s", "", "≤ 20 s" if name.endswith("all") else "")
    importing = [sys.executable, "-c", "import torch"]
    for_torch = statistics.median(cpu_seconds(lambda: subprocess.run(importing, check=True)) for _ in range(3))
    for_all = statistics.median(cpu_seconds(command()) for _ in range(3))
    table.add_row("CPU seconds of import torch", f"{for_torch:.1f} s", "1.00", "")
    table.add_row("CPU seconds from command to score, all", f"{for_all:.1f} s", f"{for_all / for_torch:.2f}", "≤ 7")

    launcher = make_launcher("auto")
    kept: list[Gradebook] = []
    one_worker(launcher)  # the server is there
    suites = take_turns(
        {
            "in-process": lambda: grade(SOLUTION, options=RunOptions(in_process=True)),
            "isolated": lambda: kept.append(grade(SOLUTION, launcher=launcher)),
        },
        rounds=3,
    )
    ratio = suites["isolated"] / suites["in-process"]
    table.add_row("All suites in-process, torch loaded", f"{suites['in-process']:.2f} s", "1.00", "")
    table.add_row("All suites isolated, torch loaded", f"{suites['isolated']:.2f} s", f"{ratio:.2f}", "≤ 1.5")

    ready: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(40):
        for new in ready:
            ready[new].append(seconds_until_ready(launcher, new))
    for new, name in ((False, "begun in advance"), (True, "from its request on")):
        table.add_row(f"A worker ready, {name}", f"{statistics.median(ready[new]) * 1000:.0f} ms", "", "≤ 40 ms")
    student = Student(launcher, SOLUTION, "2", seed=1)
    ten_megabytes = np.zeros(10 << 17)
    transfer = take_turns({"one": lambda: student.hold(ten_megabytes).value()}, rounds=40)["one"]
    student.close()
    table.add_row("10 MB there and back", f"{transfer * 1000:.0f} ms", "", "≤ 30 ms")

    workers = take_turns({"one": lambda: one_worker(launcher), "two": lambda: two_workers(launcher)}, rounds=40)
    more = workers["two"] - workers["one"]
    table.add_row("One worker: start, load, answer, end", f"{workers['one'] * 1000:.0f} ms", "", "")
    table.add_row("One more worker", f"{more * 1000:.0f} ms", "", "< 50 ms")
    launcher.stop()

    console.print(table)
    console.print(f"Slowest tests, medians (aim: none above 3 s): {slowest_tests(kept)}")


if __name__ == "__main__":
    main()
