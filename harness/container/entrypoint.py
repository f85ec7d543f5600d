"""What the image starts: ``docker run IMAGE VERB ...``.

It looks at what only the container's owner can set right (folders that are not mounted, or belong to somebody else),
says so in one sentence, and gives its place to the program that does the work. For that the standard library is enough.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import NoReturn

__all__ = ["VERBS", "RefusedError", "Verb", "main", "program"]

ROOT = Path(__file__).resolve().parent.parent.parent
TESTS = ("pytest", "-o", "testpaths=tests", "-n", "auto", "--maxprocesses", "4", "--dist", "worksteal")
"""The command of ``make test``. Paths that are named take the place of ``tests``."""


@dataclass(frozen=True)
class Verb:
    """Something that the image does."""

    does: str
    """The verb's purpose in a few words."""
    reads: bool = False
    """The first argument is a path to read."""
    writes: tuple[str, ...] = ()
    """The command's options that name a file or a folder to write."""
    default: str = ""
    """The file that is written without such an option; empty: none."""


VERBS = {
    "grade": Verb(
        "grade one submission: a folder, a notebook, a zip", reads=True, writes=("--json", "--html", "--results")
    ),
    "batch": Verb("grade a folder of submissions, into grades/", reads=True, writes=("--out",), default="grades"),
    "late": Verb("what being late costs, in a folder of grades", reads=True),
    "canvas": Verb("fill an exported gradebook of Canvas", reads=True, writes=("--out",), default="canvas.csv"),
    "diff": Verb("whose grades changed, in which tests, and why", reads=True, writes=("--html", "--csv")),
    "publish": Verb("write what students get, from a folder of grades", reads=True, writes=("--out",)),
    "experiments": Verb("run the experiments, into results/", writes=("--out",), default="results"),
    "unpack": Verb("write what a submission is graded as: the modules", reads=True, writes=("--out",)),
    "validate": Verb("grade submissions whose right grade is known", writes=("--html",)),
    "mutants": Verb("mutation testing of the suites", writes=("--report",)),
    "doctor": Verb("what stands between student code and the rest, here"),
    "gpu": Verb("say which GPU PyTorch can use, or what is wrong; exit code 1 without one"),
    "new": Verb("begin another problem set: a small one that works, into a new folder"),
    "test": Verb("the tests of this software; arguments are pytest's"),
}

HELP = """\
docker run [options of docker] IMAGE VERB [arguments]

{verbs}

IMAGE VERB --help has a verb's arguments. Paths are the container's: mount what is to be read, and at /out, where every
verb begins, a folder for what is written. With -u that folder's files are yours.

docker run --rm IMAGE doctor
docker run --rm --gpus all IMAGE gpu
docker run --rm -u $(id -u):$(id -g) -v "$PWD/student:/submission:ro" -v "$PWD:/out" \\
    IMAGE grade /submission --json results.json --html report.html
docker run --rm -u $(id -u):$(id -g) -v "$PWD/submissions:/submissions:ro" -v "$PWD:/out" \\
    IMAGE batch /submissions --out grades
docker run --rm -u $(id -u):$(id -g) --gpus all -v datasets:/data -v "$PWD/student:/student:ro" -v "$PWD:/out" \\
    IMAGE experiments --profile full --student /student --resume
docker run --rm IMAGE validate --part 2
docker run --rm IMAGE test tests/test_cli.py
"""


class RefusedError(Exception):
    """The verb can't be run like this; the text is one sentence that says why and what to do."""


def main(arguments: Sequence[str]) -> NoReturn:
    """Become the program that a verb stands for, or end with a text: exit code 0 for help, 2 for what can't be run."""
    if not arguments or arguments[0] in ("help", "-h", "--help"):
        width = max(map(len, VERBS))
        print(HELP.format(verbs="\n".join(f"  {name:{width}}  {verb.does}" for name, verb in VERBS.items())), end="")
        sys.exit(0)
    name, *rest = arguments
    try:
        if name not in VERBS:
            raise RefusedError(f"There is no verb {name}: choose one of {', '.join(VERBS)}.")
        if not {"-h", "--help"} & {*rest}:
            _look_around(VERBS[name], rest)
            if name == "gpu":
                _answer_for_the_gpu()
            if name == "experiments":
                _look_around_for_experiments(rest)
            if not _option(rest, "--scheduler", ""):  # whose workers have GPUs of their own
                _look_for_a_gpu(_option(rest, "--device", "auto" if name == "experiments" else "cpu"))
        if os.geteuid() == 0:
            _close_folders()
    except RefusedError as error:
        _say(str(error))
        sys.exit(2)
    if name == "test":
        os.chdir(_writable_copy())
    os.execve(sys.executable, program(name, rest), _environment(name, os.environ))


def program(name: str, rest: Sequence[str]) -> list[str]:
    """The command line of a verb."""
    if name == "test":
        return [sys.executable, "-m", *TESTS, *rest]
    if name == "experiments":
        return [sys.executable, str(ROOT / "run_experiments.py"), *rest]
    return [sys.executable, "-m", "grader", name, *rest]


def _environment(name: str, given: Mapping[str, str]) -> dict[str, str]:
    """What a verb's program sees: this repository's modules, and none of the folder in which it begins."""
    if name == "test":  # these begin in a repository, as on any machine
        return {**given}
    return {**given, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", "CALLED_AS": "image"}


def _look_around_for_experiments(rest: Sequence[str]) -> None:
    if student := _option(rest, "--student", ""):
        _see_that_it_can_be_read(Path(student))
    else:
        _say(
            "No --student is given, so the code in the image runs: for your own code add "
            '-v "$PWD/student:/student:ro" before the image\'s name and --student /student at the end.'
        )
    data = Path(os.environ.get("DATA_DIR", "/data"))
    if _option(rest, "--profile", "quick") == "full" and not _is_mounted(data):
        _say(f"Data sets are downloaded in each run: mount a volume, as in -v datasets:{data}, to keep them.")


# ---- the GPU -------------------------------------------------------------------------------------------------


def _look_for_a_gpu(device: str) -> None:
    """Say which GPU is used, or why none can be. Nothing is asked where the CPU was asked for.

    Raises:
        RefusedError: a GPU was asked for by name and can't be used.
    """
    if device == "cpu":
        return
    _reach_the_harness()
    from harness import gpu_driver

    found = gpu_driver.find(device, container=True)
    if device != "auto" and not found.usable:
        raise RefusedError(found.sentence)
    _say(found.sentence)


def _answer_for_the_gpu() -> NoReturn:
    _reach_the_harness()
    from harness import gpu_driver

    found = gpu_driver.find(container=True)
    print(found.sentence)
    sys.exit(0 if found.usable else 1)


def _reach_the_harness() -> None:
    """Let this repository's modules be imported, although this program is started by its path."""
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))


# ---- what is mounted, and whose it is ------------------------------------------------------------------------


def _look_around(verb: Verb, rest: Sequence[str]) -> None:
    """See that what is named can be read and written.

    Raises:
        RefusedError: it can't.
    """
    if not os.access("/tmp", os.W_OK):
        raise RefusedError("Nothing can be written in /tmp: with --read-only, add --tmpfs /tmp.")
    if verb.reads and rest and not rest[0].startswith("-"):
        _see_that_it_can_be_read(Path(rest[0]))
    for option in verb.writes:
        if target := _option(rest, option, verb.default):
            _see_that_it_can_be_written(Path(target))


def _see_that_it_can_be_read(path: Path) -> None:
    if not path.exists():
        place = path.absolute()
        raise RefusedError(f'{place} is not in the container: mount it, as in -v "$PWD/{path.name}:{place}:ro".')
    if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
        raise RefusedError(f"{path} can't be read by user {os.geteuid()}: {_remedy(path)}.")


def _see_that_it_can_be_written(path: Path) -> None:
    """The nearest folder that is there decides; the verb itself makes the rest, or says that it doesn't."""
    folder = next(one for one in path.absolute().parents if one.is_dir())
    mount = 'mount a folder, as in -v "$PWD:/out"'
    if os.access(folder, os.W_OK | os.X_OK):
        if not _is_mounted(folder):
            _say(f"{path} will be gone with the container: {mount}, to keep it.")
    elif os.statvfs(folder).f_flag & os.ST_RDONLY:
        remedy = "mount it without :ro" if _is_mounted(folder) else mount
        raise RefusedError(f"{folder} is read-only: {remedy}.")
    else:
        raise RefusedError(f"{folder} can't be written by user {os.geteuid()}: {_remedy(folder)}.")


def _remedy(path: Path) -> str:
    found = path.stat()
    if found.st_uid == os.geteuid():
        return "change its permissions"
    return f"add -u {found.st_uid}:{found.st_gid} to docker run, the user that it belongs to"


def _is_mounted(folder: Path) -> bool:
    """Whether a folder is on another file system than the container's own."""
    return any(os.path.ismount(one) for one in (folder, *folder.parents) if one.parent != one)


def _option(arguments: Sequence[str], name: str, default: str) -> str:
    """The value of an option, ``--json file`` or ``--json=file``; the last one counts."""
    value = default
    for this, following in zip_longest(arguments, arguments[1:], fillvalue=default):
        if this == name:
            value = following
        elif this.startswith(f"{name}="):
            value = this.partition("=")[2]
    return value


def _writable_copy() -> Path:
    """The repository where pytest can keep its caches in it, as in a clone; workers, other users, can read it."""
    place = Path(tempfile.mkdtemp(prefix="harness-"))
    place.chmod(0o755)
    return shutil.copytree(ROOT, place / ROOT.name)


def closed() -> tuple[str, ...]:
    """What a worker has no business in. Where the container runs as root, workers are other users, kept out by this."""
    _reach_the_harness()
    from harness.edition import SECRET_FOLDERS

    return (*SECRET_FOLDERS["staff"], "tests")


def _close_folders() -> None:
    """Keep other users, which workers are, from tests and solution; a read-only container leaves that to Landlock.

    Raises:
        RefusedError: a folder to be closed isn't there.
    """
    if missing := [name for name in closed() if not (ROOT / name).is_dir()]:
        raise RefusedError(
            f"{', '.join(missing)} is missing from this image, and must be closed to students: build it again."
        )
    shared = [folder for folder in map(Path, ("/out", "/data")) if folder.is_dir() and not _is_mounted(folder)]
    for folder, mode in [*((ROOT / name, 0o700) for name in closed()), *((folder, 0o755) for folder in shared)]:
        with suppress(OSError):
            folder.chmod(mode)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
