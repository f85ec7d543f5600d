"""Run a submission's experiments again, to replace the results that it contains."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import urllib.error
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import msgspec

from course.datasets import DataError, Name, complete_arrays
from course.downloads import data_dir
from course.experiments.profiles import PROFILES
from course.records import FILE, PARTS
from course.stand_ins import resnet18_file
from grader.rerun_worker import Order
from harness import ROOT
from harness.base.untrusted import UnreadableError, read_bytes
from harness.catalog import RESULTS, chosen, read_suites
from harness.reports.text import plain
from harness.submission.intake import Submission
from harness.submission.required_names import FILES
from harness.submission.stage import stage

__all__ = ["RerunError", "for_another_user", "parts_with_results", "rerun"]

SETS: tuple[Name, ...] = ("cifar10", "mnist", "cinic10")
WEIGHTS = Path("hub", "checkpoints")
"""The folder in TORCH_HOME in which torch.hub keeps weights."""
STAMP = ".made-of"
"""The file that names the code of a folder's results, since some parts' records don't."""
MAX_FILE_BYTES = 1 << 30
"""The most bytes of a file. ResNet-18's weights with the state of their optimizer have a tenth of it."""

HOURS = 24.0
SECONDS_FOR_LAST_WORDS = 5.0


class RerunError(Exception):
    """The experiments can't be run. The text is one sentence that says what to do."""


def parts_with_results(wanted: Sequence[str] = ()) -> tuple[str, ...]:
    """The graded parts whose results earn points."""
    found = {test.part for test in chosen(read_suites(), wanted) if RESULTS in test.tags}
    return tuple(part for part in PARTS if part in found)


def rerun(
    submission: Submission,
    out: Path,
    *,
    profile: str,
    parts: Sequence[str],
    device: str = "cpu",
    seed: int = 43,
    hours: float = HOURS,
    tell: Callable[[str], object] = print,
) -> Submission:
    """Run the experiments, and return the submission with the new results.

    Student code runs in a process of its own, which can read the course's code and data, and write ``out``.

    Args:
        out: an empty folder, or one with earlier results of this submission, which are continued.
        device: ``cpu`` or ``cuda``.
        seed: the seed of the experiments; the handout's is 43.
        hours: the hours after which they are stopped, in case of an endless loop.
        tell: called with each line of progress.

    Raises:
        RerunError: this platform has no sandbox, or ``out`` has other content or can't be written.
    """
    if sys.platform != "linux":
        raise RerunError("Experiments can be run again on Linux only, where student code is isolated.")
    code = _code(submission.folder)
    _check(out, code)
    if PROFILES[profile].source == "complete":
        _fetch(tell)
    with tempfile.TemporaryDirectory(prefix="harness-rerun-", ignore_cleanup_errors=True) as place:
        os.chmod(place, 0o711)
        scratch = Path(place) / "scratch"
        scratch.mkdir()
        stage(submission.folder, scratch / "student")
        made = Path(place) / "results"
        _take_up(out, made)
        data = for_another_user(data_dir(), [Path(f"{name}.npz") for name in SETS], Path(place) / "data")
        torch_home = for_another_user(_torch_home(), [WEIGHTS / resnet18_file()], Path(place) / "torch")
        order = Order(
            str(scratch / "student"),
            str(made),
            str(scratch),
            tuple(parts),
            profile,
            seed,
            device,
            os.cpu_count() or 1,
            str(data),
            str(torch_home),
            MAX_FILE_BYTES,
        )
        try:
            _carry_out(order, hours, tell)
        finally:
            _bring_back(made, out, tell)
    note = f"The experiments were run again here (profile {profile}) and replace the submitted results."
    return replace(submission, results=out.resolve(), notes=(*submission.notes, note))


def _code(folder: Path) -> str:
    """SHA-256 of the modules in a folder."""
    digest = hashlib.sha256()
    for file in FILES:
        try:
            data = read_bytes(folder / file, MAX_FILE_BYTES)
        except UnreadableError:
            continue
        digest.update(file.encode() + hashlib.sha256(data).digest())
    return digest.hexdigest()


def _check(out: Path, code: str) -> None:
    """Create the folder of results, or check that the results in it come from this code."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        found = {path.name for path in out.iterdir()}
        if found - {*PARTS, ".lock", "report.html", STAMP}:
            raise RerunError(f"{out} holds something else: name a new folder for the results.")
        if found.intersection(PARTS) and (STAMP not in found or (out / STAMP).read_text("utf-8").strip() != code):
            raise RerunError(f"{out} holds results of other code: name a new folder for those of this submission.")
        (out / STAMP).write_text(code + "\n", encoding="utf-8")
    except OSError as error:
        raise RerunError(f"{out} can't be the folder of results ({error.strerror}): name another one.") from None


def _carry_out(order: Order, hours: float, tell: Callable[[str], object]) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); from grader.rerun_worker import main; main()"
    kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    # The process has one thread until it is in the sandbox, and then as many as the order says.
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    home = dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME"), order.scratch)
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", code, str(ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**environment, **one, **home},
        cwd=order.scratch,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    # Another thread reads the pipe, because a process started by student code may keep it open.
    reader = threading.Thread(target=_tell_lines, args=(process.stdout, tell), daemon=True)
    reader.start()
    ended = ""
    try:
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write(msgspec.json.encode(order) + b"\n")
        process.wait(hours * 3600)
    except subprocess.TimeoutExpired:
        ended = f"after {hours:g} hours"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    reader.join(SECONDS_FOR_LAST_WORDS)
    if not reader.is_alive():
        process.stdout.close()
    if ended or process.returncode:
        tell(
            f"The experiments ended early ({ended or f'exit code {process.returncode}'}): what they had done is graded."
        )


def _tell_lines(output: IO[bytes], tell: Callable[[str], object]) -> None:
    while line := output.readline(1000):
        tell(plain(line.decode(errors="replace").rstrip()))


def _take_up(out: Path, made: Path) -> None:
    """Copy earlier results for the experiments to continue: only plain files of parts, and no links."""
    made.mkdir()
    for part in PARTS:
        if (out / part / FILE).is_file():
            _copy_part(out / part, made / part)


def _bring_back(made: Path, out: Path, tell: Callable[[str], object]) -> None:
    """Copy the new results into files of the grader's user. Student code may have written anything there."""
    for part in PARTS:
        try:
            if (made / part).is_dir() and not (made / part).is_symlink():
                _copy_part(made / part, out / part)
        except OSError as error:
            tell(f"{part}: what was made can't be copied ({error.strerror}).")


def _copy_part(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for path in source.iterdir():
        with suppress(UnreadableError):
            (target / path.name).write_bytes(read_bytes(path, MAX_FILE_BYTES))


def _fetch(tell: Callable[[str], object]) -> None:
    """Download what the full profile needs, since the sandbox has no network. A part with missing data says so."""
    for name in SETS:
        try:
            complete_arrays(name)
        except DataError as error:
            tell(f"{name}: {error}")
    try:
        from torchvision.models import ResNet18_Weights, resnet18

        resnet18(weights=ResNet18_Weights.IMAGENET1K_V1)
    except (urllib.error.URLError, OSError) as error:
        tell(f"ResNet-18's weights can't be downloaded ({error}): random ones stand in for them.")


def _torch_home() -> Path:
    import torch

    return Path(torch.hub.get_dir()).parent


def for_another_user(folder: Path, files: Sequence[Path], place: Path) -> Path:
    """A folder in which student code finds these files, or finds that they are missing.

    If root grades, student code runs as a user of its own, which can't read folders such as ``/root``.

    Args:
        files: paths relative to ``folder``.
        place: a folder for links or copies of them, which is created if other users can't read ``folder``.

    Raises:
        RerunError: there is no disk space for copies.
    """
    if os.geteuid() != 0 or all(_open_to_others(folder / file) for file in files):
        return folder
    place.mkdir()
    place.chmod(0o755)  # whatever the umask
    try:
        for file in files:
            if not (folder / file).is_file():
                continue
            for parent in reversed((place / file).parents[: len(file.parents) - 1]):
                parent.mkdir(exist_ok=True)
                parent.chmod(0o755)
            _link_or_copy(folder / file, place / file)
    except OSError as error:
        raise RerunError(
            f"Student code can't read {folder}, and a copy can't be made ({error.strerror}): open it to other users."
        ) from None
    return place


def _open_to_others(path: Path) -> bool:
    """Whether other users can read a file, or see that it is missing."""
    path = path.resolve()
    folders = [folder.stat() for folder in path.parents if folder.exists()]
    readable = not path.exists() or bool(path.stat().st_mode & stat.S_IROTH)
    return readable and all(found.st_mode & stat.S_IXOTH for found in folders)


def _link_or_copy(source: Path, target: Path) -> None:
    source = source.resolve()
    if source.stat().st_mode & stat.S_IROTH:
        with suppress(OSError):  # another disk
            os.link(source, target)
            return
    shutil.copyfile(source, target)
    target.chmod(0o644)
