"""Functions that the notebook's cells call: :func:`check`, :func:`experiments` and :func:`grade`.

Each of them uses the notebook's last saved file (in Colab, the notebook on the screen), and starts the command that
does the same for a folder. The notebook's own process grades nothing.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from course.notebook_commands import Output, progress, run, start, stop
from harness.numbers import lies_in
from harness.problem import problem
from harness.warm import client

__all__ = ["NotebookNotFoundError", "check", "experiments", "grade", "notebook_file", "prepare"]

ROOT = Path(__file__).resolve().parent.parent
#: The program for experiments. Tests of this software replace it by one with fewer images.
RUN_EXPERIMENTS = ROOT / "run_experiments.py"
VARIABLE = "PSET2_NOTEBOOK"
"""The environment variable that names the notebook's file if it can't be found otherwise."""
NAME = f"{problem().problem.stem}.ipynb"
RESULTS = "results"
LIVE_SECONDS = 30
"""Seconds that Colab has to send the notebook. A page in the background takes longer."""


class NotebookNotFoundError(Exception):
    """This notebook's file isn't found, or isn't unique. The text is one sentence."""


def check(
    *parts: str,
    everything: bool = False,
    seed: int | None = None,
    file: str | Path | None = None,
    results: str | Path = RESULTS,
) -> None:
    """Grade parts of this notebook: ``check("2.1")``, or single tests, ``check("2.1a", "2.1b")``.

    Args:
        everything: show what each failed test says, not only the first of each part.
        seed: the seed that an earlier output named, to draw the same inputs again.
        file: the notebook's file, where it isn't found by itself.
        results: the folder that :func:`experiments` wrote.
    """
    options = [word for part in parts for word in ("--part", part)]
    _grade(parts, [*options, *_options(everything, seed)], file, Path(results))


def grade(
    file: str | Path | None = None,
    results: str | Path = RESULTS,
    html: str | Path | None = None,
    everything: bool = False,
    seed: int | None = None,
) -> None:
    """Grade all of this notebook.

    Args:
        everything: show the message of every failed test, not only the first of each part.
        seed: the seed that an earlier output named, to draw the same inputs again.
        file: the notebook's file, where it isn't found by itself.
        results: the folder that :func:`experiments` wrote.
        html: a file for the page with all tests and messages.
    """
    options = ["--html", str(Path(html).absolute())] if html is not None else []
    _grade((), [*options, *_options(everything, seed)], file, Path(results))


def _options(everything: bool, seed: int | None) -> list[str]:
    return [*(["--all"] if everything else []), *(["--seed", str(seed)] if seed is not None else [])]


def _grade(parts: Sequence[str], options: Sequence[str], file: str | Path | None, results: Path) -> None:
    try:
        with notebook_file(file) as path, _with_results(path, results, _parts(parts)) as submission:
            _grade_and_show(["-m", "grader", "grade", str(submission), *options])
        client.start()  # the next one then begins at once
    except NotebookNotFoundError as error:
        print(error)


def _grade_and_show(command: Sequence[str]) -> None:
    """Run a grading: in a notebook with its table as HTML, and until then a line on its progress; elsewhere as text."""
    if _shell() is None:
        run(*command)
        return
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        page, report = Path(folder) / "cell.html", Path(folder) / "results.json"
        output = Output()
        output.show("Grading …")
        process = start(*command, "--cell", str(page), "--json", str(report))
        text = ""
        try:
            while not text:
                try:
                    text, _ = process.communicate(timeout=0.25)
                    text = text or f"The grader ended with exit code {process.returncode}, and said nothing."
                except subprocess.TimeoutExpired:
                    output.show(progress(report))
        except KeyboardInterrupt:
            stop(process)
            output.show("Interrupted: run the cell again.")
            raise KeyboardInterrupt from None  # without the lines that waited for the command
        lines = [line.rstrip() for line in text.split("\n") if folder not in line]
        html = page.read_text(encoding="utf-8") if page.is_file() else ""
        output.show("\n".join(lines).rstrip(), html)


@contextmanager
def _with_results(path: Path, results: Path, parts: Sequence[str]) -> Iterator[Path]:
    """A folder with the notebook and its results; or the notebook alone if these parts have no results."""
    made = [part for part in parts if (results / part).is_dir()]
    if not made:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        submission = Path(folder) / path.stem
        submission.mkdir()
        shutil.copyfile(path, submission / path.name)
        for part in made:
            shutil.copytree(results / part, submission / RESULTS / part)
        yield submission


def experiments(*parts: str, profile: str = "quick", file: str | Path | None = None, out: str | Path = RESULTS) -> None:
    """Run the experiments of parts with the code of this notebook, and show their tables and figures.

    Finished runs are kept and stopped runs continue, as long as the code is the same.

    Args:
        profile: ``"quick"``, minutes on a laptop, or ``"full"``, the handout's numbers, for a GPU.
        file: the notebook's file, if it isn't found automatically.
        out: the folder for results. In Colab, a folder in your Drive outlives the session.
    """
    folder = Path(out).absolute()
    with tempfile.TemporaryDirectory(prefix="harness-") as modules:
        try:
            with notebook_file(file) as path:
                if run("-m", "grader", "unpack", str(path), "--out", modules, quiet=True):
                    return
                places = _Places(path, Path(modules))
        except NotebookNotFoundError as error:
            print(error)
            return
        options = ["--profile", profile, "--student", modules, "--out", str(folder), "--resume", "--replace"]
        run(str(RUN_EXPERIMENTS), *parts, *options, said=places.named)
    for part in _parts(parts):
        _show(folder / part)


def prepare() -> None:
    """Check that everything is there that the notebook needs, and say where it runs.

    In Colab, missing packages are installed. Elsewhere, one sentence says what to do.
    """
    missing = _missing_packages()
    if missing and "google.colab" in sys.modules:
        print(f"Installing {', '.join(missing)} ...")
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *missing], check=True)
    elif missing:
        print(
            f"Missing here: {', '.join(missing)}. Run make setup in {ROOT}, and choose its .venv as this notebook's "
            "kernel."
        )
        return
    client.start()
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU: the quick profile is for here"
    print(f"The course's code is in {ROOT}. Python {sys.version.split()[0]}, PyTorch {torch.__version__}, {device}.")


def _missing_packages() -> list[str]:
    """The project's dependencies that aren't installed, as requirements."""
    from packaging.requirements import Requirement  # here, so that this module can be imported without anything

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        try:
            import tomli as tomllib
        except ModuleNotFoundError:
            return ["tomli"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    missing = []
    for text in project["dependencies"]:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        try:
            installed = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            installed = ""
        if not installed or not requirement.specifier.contains(installed, prereleases=True):
            missing.append(f"{requirement.name}{requirement.specifier}")
    return missing


# ---- the notebook's own file ----


@contextmanager
def notebook_file(given: str | Path | None = None) -> Iterator[Path]:
    """The file of the running notebook; in Colab, a temporary copy of the notebook on the screen.

    Raises:
        NotebookNotFoundError: the file isn't found, or isn't unique.
    """
    live = None if given or os.environ.get(VARIABLE) else _colab_document()
    if live is not None:
        with tempfile.TemporaryDirectory(prefix="harness-") as folder:
            path = Path(folder) / NAME
            path.write_text(json.dumps(live), encoding="utf-8")
            yield path
        return
    path = _saved_file(given)
    _say_what_is_not_saved(path)
    yield path


def _saved_file(given: str | Path | None) -> Path:
    if named := given or os.environ.get(VARIABLE):
        path = Path(named).absolute()
        if not path.is_file():
            raise NotebookNotFoundError(
                f"{path} does not exist: name this notebook's file, as check(…, file={NAME!r})."
            )
        return path
    shell = _shell()
    names = [shell.user_ns.get("__vsc_ipynb_file__")] if shell is not None else []  # VS Code sets it
    names.append(os.environ.get("JPY_SESSION_NAME"))  # and Jupyter's server this
    for name in names:
        if name and name.endswith(".ipynb") and Path(name).is_file():
            return Path(name)
    found = sorted(Path.cwd().glob("*.ipynb"))
    if len(found) == 1:
        return found[0]
    what = f"are {len(found)} notebooks" if found else "is not a notebook"
    raise NotebookNotFoundError(
        f"There {what} in {Path.cwd()}: name this notebook's file, as check(…, file={NAME!r}), or in the "
        f"environment variable {VARIABLE}."
    )


def _shell() -> Any:
    """IPython's shell, or None outside a notebook."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return get_ipython()


def _colab_document() -> dict[str, Any] | None:
    """The notebook on the screen; None outside Colab."""
    if "google.colab" not in sys.modules:
        return None
    try:
        from google.colab import _message
    except ImportError:
        return None
    try:
        answer = _message.blocking_request("get_ipynb", timeout_sec=LIVE_SECONDS)
    except _message.MessageError:  # the page says that it can't
        answer = None
    document = answer.get("ipynb") if isinstance(answer, dict) else None
    if not isinstance(document, dict):
        raise NotebookNotFoundError(
            f"Colab did not hand over the notebook within {LIVE_SECONDS} seconds: keep its page in front and run this "
            "cell again."
        )
    return document


def _say_what_is_not_saved(path: Path) -> None:
    """One sentence if a cell was run that the file holds differently: most often the notebook isn't saved yet."""
    shell = _shell()
    if shell is None:
        return
    try:
        saved = _by_number("".join(cell["source"]) for cell in _cells_of(path))
    except (OSError, ValueError, KeyError, TypeError):
        return  # the command that reads the file says what is wrong with it
    run = _by_number(shell.history_manager.input_hist_raw)
    if other := [number for number, source in run.items() if saved.get(number, source) != source]:
        which = f"Code Cell{'s' if len(other) > 1 else ''} {', '.join(other)}"
        verb = "differ" if len(other) > 1 else "differs"
        print(f"{which} {verb} in {path.name} from what was run last: save the notebook, then run this cell again.\n")


def _cells_of(path: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return cells


def _by_number(sources: Iterator[str] | Sequence[str]) -> dict[str, str]:
    """The last cell with each number, without white space at its end."""
    mark = "# Code Cell "
    cells = [source for source in sources if source.startswith(mark)]
    return {source[len(mark) :].partition(":")[0]: source.rstrip() for source in cells}


# ---- commands and what they leave ----


class _Places:
    """Translates lines of modules that were made from a notebook into places of the notebook."""

    def __init__(self, path: Path, modules: Path) -> None:
        self.cells = _by_number("".join(cell["source"]) for cell in _cells_of(path))
        self.modules = modules

    def named(self, text: str) -> str:
        """``quantization.py, line 40`` becomes ``Code Cell 2.3, line 12``, where one cell alone has this line."""
        return re.sub(r"\b(\w+\.py), line (\d+)", self._place, text)

    def _place(self, match: re.Match[str]) -> str:
        try:
            line = (self.modules / match[1]).read_text(encoding="utf-8").split("\n")[int(match[2]) - 1]
        except (OSError, IndexError):
            return match[0]
        found = [
            f"Code Cell {number}, line {place}"
            for number, source in self.cells.items()
            for place, own in enumerate(source.split("\n"), start=1)
            if own == line
        ]
        return found[0] if len(found) == 1 else match[0]


def _parts(names: Sequence[str]) -> list[str]:
    """The parts of names such as ``3``, ``3.3`` and ``3.3a``; all parts without a name."""
    from course.records import PARTS

    return [part for part in PARTS if not names or any(lies_in(name, part) or lies_in(part, name) for name in names)]


def _show(folder: Path) -> None:
    """Show the tables and figures of a part inline."""
    from course.experiments.report import plain
    from course.plotting import number
    from course.records import RecordError, read

    try:
        record = read(folder)
    except RecordError:
        return
    if _shell() is None or record.state in ("skipped", "failed"):
        return
    from IPython.display import Image, Markdown, display

    display(Markdown(f"**{record.part} {plain(record.title)}**, {record.profile} profile, seed {record.seed}"))
    for table in record.tables:
        rows = [[plain(cell) if isinstance(cell, str) else number(cell) for cell in row] for row in table.rows]
        lines = [table.columns, ["---"] * len(table.columns), *rows]
        text = "\n".join(f"| {' | '.join(cell.replace('|', '∣') for cell in line)} |" for line in lines)
        display(Markdown(f"{plain(table.title)}\n\n{text}"))
    for name, caption in record.figures.items():
        display(Image(filename=str(folder / f"{name}.png"), width=700), Markdown(plain(caption)))
