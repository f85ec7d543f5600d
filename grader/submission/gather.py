"""Look for the modules, the notebook, the results and the answers in what was handed in.

A process of its own, started by :mod:`grader.submission.intake` as
``python -m grader.submission.gather PATH SCRATCH NAME``: what it unpacks and parses may have been made to break it. It
writes into SCRATCH alone, and says on standard output what it found, as JSON.
"""

from __future__ import annotations

import ast
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from course import answers
from course.untrusted import UnreadableError, read_bytes
from grader.submission.archives import ArchiveError, is_archive, unpack
from grader.submission.cells import Cell, NotebookError, parse, read_cells, read_notebook
from grader.submission.checklist import Handed, checklist
from grader.submission.contract import FILES, NAMES
from grader.submission.intake import ACCEPTED, Submission, SubmissionError, as_data, find
from grader.submission.notebook import Module, modules_of
from grader.submission.stubs import is_stub

__all__ = ["gather", "main"]

MAX_NOTEBOOK = 50 << 20
MAX_TEXT = 4 << 20
MAX_FILES = 5_000
MAX_DEPTH = 8
MAX_NOTEBOOKS = 5
MAX_ARCHIVES_DEEP = 3
LEFT_OUT = ("__pycache__", "__MACOSX", "node_modules", "site-packages", "venv", "env", "results-reference")
OTHER_ARCHIVES = (".7z", ".rar", ".dmg", ".iso", ".xz", ".bz2", ".zst")
#: Address space and processor time of this process.
MEMORY, PROCESSOR_SECONDS = 3 << 30, 90


@dataclass
class _Book:
    """A notebook with what it gives."""

    path: Path
    cells: tuple[Cell, ...]
    modules: dict[str, Module]
    notes: list[str]
    answers: str

    @property
    def names(self) -> int:
        return sum(len(module.written) for module in self.modules.values())


@dataclass
class _Found:
    """What lies in a folder and what lies in it at any depth."""

    root: Path
    files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_locked: bool = False
    """whether it can't be looked into"""


def gather(path: Path, scratch: Path, name: str) -> Submission:
    """What was handed in at ``path``, ready to be graded.

    Args:
        scratch: an empty folder, for what has to be unpacked or made.
        name: the path as the user wrote it.

    Raises:
        SubmissionError: nothing of it can be graded.
    """
    if path.is_dir():
        root, notes = path, list[str]()
    else:
        root, notes = _unpacked(path, scratch, name)
    found = _survey(root)
    if found.is_locked:
        raise SubmissionError(f"{name} can't be read: change its permissions.")
    for depth in range(MAX_ARCHIVES_DEEP):  # an archive in an archive, or in Gradescope's folder
        inner = [file for file in found.files if is_archive(root / file)]
        if len(inner) != 1 or any(file.name in FILES or file.suffix == ".ipynb" for file in found.files):
            break
        inside = scratch / f"unpacked-{depth}"
        notes += _unpack(root / inner[0], inside, inner[0].as_posix())
        root, found = inside, _survey(inside)
    return _chosen(found, notes, path, scratch, name)


def _unpacked(path: Path, scratch: Path, name: str) -> tuple[Path, list[str]]:
    """A folder with what a file is or holds."""
    root = scratch / "handed-in"
    if path.name in FILES or path.suffix == ".ipynb":
        root.mkdir()
        with suppress(OSError):
            shutil.copyfile(path, root / path.name, follow_symlinks=True)
        if not (root / path.name).is_file():
            raise SubmissionError(f"{name} can't be read: change its permissions, or name a plain file.")
        return root, []
    if not os.access(path, os.R_OK):
        raise SubmissionError(f"{name} can't be read: change its permissions.")
    if path.is_file() and is_archive(path):
        return root, _unpack(path, root, name)
    if path.suffix.lower() in (".zip", ".tar", ".gz", ".tgz"):
        raise SubmissionError(f"{name} is damaged, or no archive at all: pack it again.")
    if path.suffix.lower() in OTHER_ARCHIVES:
        raise SubmissionError(f"{name} can't be unpacked here: pack it as a .zip.")
    raise SubmissionError(f"{name} can't be graded: name {ACCEPTED}.")


def _unpack(archive: Path, folder: Path, name: str) -> list[str]:
    folder.mkdir()
    try:
        return unpack(archive, folder)
    except ArchiveError as error:
        raise SubmissionError(f"{name} {error}.") from error


def _survey(root: Path) -> _Found:
    """The plain files below a folder, those near its top first; hidden ones and other people's code left out."""
    found = _Found(root)
    folders = [(root, 0)]
    for folder, depth in folders:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except PermissionError:
            found.is_locked = folder == root
            found.notes.append(f"The folder {folder.relative_to(root)} can't be read: change its permissions.")
            continue
        except OSError:
            continue
        for entry in entries:
            hidden = entry.name.startswith(".") or entry.name in LEFT_OUT or not entry.name.isprintable()
            if hidden or entry.is_symlink():
                if entry.name in FILES:
                    found.notes.append(f"{entry.name} is a link, which isn't followed: hand in the file itself.")
            elif entry.is_dir() and depth < MAX_DEPTH and not _is_ours(entry):
                folders.append((Path(entry.path), depth + 1))
            elif entry.is_file():
                found.files.append(Path(entry.path).relative_to(root))
        if len(found.files) > MAX_FILES:
            found.notes.append(f"Only {MAX_FILES:,} files were looked at: hand in code, results and the write-up only.")
            break
    return found


def _is_ours(entry: os.DirEntry[str]) -> bool:
    """Whether a folder is this repository's ``grader`` or ``course``, handed in with the rest."""
    return entry.name in ("grader", "course") and os.path.isfile(os.path.join(entry.path, "__init__.py"))


def _chosen(found: _Found, notes: list[str], path: Path, scratch: Path, name: str) -> Submission:
    """The submission that the files make."""
    folder, others = _folder_of_modules(found)
    notes += found.notes
    books, problems = _books(found)
    notes += problems
    book = max(books, key=lambda one: one.names) if books else None
    if book is not None and len(books) > 1:
        notes.append(f"There are {len(books)} notebooks, of which {book.path.as_posix()} was graded: hand in one.")
    places = {file: (folder or Path()) / file for file in FILES if folder is not None} | others
    files: dict[str, Path] = {file: place for file, place in places.items() if (found.root / place).is_file()}
    if not files and book is None:
        raise SubmissionError(_nothing(found, [*problems, *notes], name))
    modules = _from_book(found, files, book)
    if book is not None:
        notes += book.notes if modules else []
        both = [file for file in files if file not in modules and _differ(found.root / files[file], book, file[:-3])]
        if both:
            notes.append(f"In the notebook and as files: {', '.join(both)}. The files were graded.")
    written = _answers(found, book)
    submission = Submission(
        found.root / (folder or Path()),
        path.resolve().name,
        results=_results(found),
        answers=written,
        notes=tuple(dict.fromkeys(notes)),
    )
    handed = Handed(path, found.root, found.files, len(books) + len(problems), book.cells if book else (), written)
    submission = replace(submission, checklist=checklist(handed))
    if not modules and not others:
        if path.is_dir():  # as it lies there: pytest shows a student the file's own path, and results may lie beside it
            plain = find(found.root / (folder or Path()))
            submission = replace(submission, folder=plain.folder, results=submission.results or plain.results)
        return submission
    return _assembled(submission, found, folder, others, book, modules, scratch)


def _assembled(
    submission: Submission,
    found: _Found,
    folder: Path | None,
    others: dict[str, Path],
    book: _Book | None,
    modules: dict[str, Module],
    scratch: Path,
) -> Submission:
    """A new folder with what comes from different places."""
    target = scratch / "modules"
    target.mkdir()
    own = [folder] if folder is not None else []
    for place in dict.fromkeys([*([book.path.parent] if book is not None else []), *own]):
        for file in found.files:  # with modules of their own that theirs import
            if file.suffix == ".py" and file.is_relative_to(place):
                *folders, _ = file.relative_to(place).parts
                if len(folders) <= 2 and not set(folders) & set(FILES):
                    _copy(found.root / file, target / file.relative_to(place))
    for module_file, path in others.items():
        _copy(found.root / path, target / module_file)
    for module_file, module in modules.items():
        (target / module_file).write_text(module.text, encoding="utf-8", errors="replace")
    return replace(
        submission,
        folder=target,
        origins={file: module.origins for file, module in modules.items()},
        unmade={name: reason for module in modules.values() for name, reason in module.unmade.items()},
    )


def _copy(source: Path, target: Path) -> None:
    with suppress(UnreadableError, OSError):
        data = read_bytes(source, MAX_TEXT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _folder_of_modules(found: _Found) -> tuple[Path | None, dict[str, Path]]:
    """The folder with most of the six modules, and where modules lie that it hasn't."""
    places: dict[Path, set[str]] = {}
    for file in found.files:
        if file.name in FILES:
            places.setdefault(file.parent, set()).add(file.name)
    if not places:
        return None, {}

    def rank(place: Path) -> tuple[bool, int, bool, int, str]:
        at_hand = place == Path() or place == Path("student")  # as in grade FOLDER
        return not at_hand, -len(places[place]), place.name != "student", len(place.parts), place.as_posix()

    first, *rest = sorted(places, key=rank)
    others: dict[str, Path] = {}
    for place in rest:
        for missing in places[place] - places[first]:
            others.setdefault(missing, place / missing)
    if others:
        where = ", ".join(path.as_posix() for path in others.values())
        found.notes.append(f"Not in one folder with the others, and graded as well: {where}.")
    return first, others


def _books(found: _Found) -> tuple[list[_Book], list[str]]:
    """The notebooks, and why others can't be read."""
    books: list[_Book] = []
    problems: list[str] = []
    for file in [file for file in found.files if file.suffix == ".ipynb"][:MAX_NOTEBOOKS]:
        try:
            notebook = read_notebook(read_bytes(found.root / file, MAX_NOTEBOOK).decode("utf-8-sig", "replace"))
            cells = read_cells(notebook)
            modules, notes = modules_of(cells)
            texts = [cell.source for cell in notebook.cells if cell.get("cell_type") == "markdown"]
            books.append(_Book(file, cells, modules, notes, answers.of_cells(texts)))
        except UnreadableError as error:
            problems.append(f"{error}: clear the outputs of cells that print much, and save it again.")
        except NotebookError as error:
            problems.append(f"{file.as_posix()} {error}; save it again from Jupyter or Colab (File, Download .ipynb).")
    return books, problems


def _from_book(found: _Found, files: dict[str, Path], book: _Book | None) -> dict[str, Module]:
    """The modules, by file name, that the notebook gives: those that aren't files, or are files of stubs alone."""
    if book is None:
        return {}
    return {
        file: book.modules[file[:-3]]
        for file in FILES
        if file not in files or (book.modules[file[:-3]].written and _is_untouched(found.root / files[file], file[:-3]))
    }


def _is_untouched(path: Path, module: str) -> bool:
    """Whether a module has stubs alone."""
    try:
        statements, problem = parse(_read(path))
    except (RecursionError, MemoryError):
        return False
    return problem is None and all(is_stub(one.node) for one in statements if one.binds & NAMES[module].keys())


def _differ(path: Path, book: _Book, module: str) -> bool:
    """Whether the notebook defines something of a module otherwise than its file does."""
    if not book.modules[module].written:
        return False
    file, made = (_definitions(text, module) for text in (_read(path), book.modules[module].text))
    return any(file.get(name) != made[name] for name in book.modules[module].written if name in made)


def _definitions(text: str, module: str) -> dict[str, str]:
    """What the handout's names are defined as, by name, whatever the layout."""
    try:
        statements, _ = parse(text)
        return {name: ast.dump(one.node) for one in statements for name in one.binds & NAMES[module].keys()}
    except (RecursionError, MemoryError):
        return {}


def _read(path: Path) -> str:
    try:
        return read_bytes(path, MAX_TEXT).decode("utf-8", "replace")
    except UnreadableError:
        return ""


def _results(found: _Found) -> Path | None:
    """The folder of results that is nearest to the top."""
    for file in found.files:
        for parent in file.parents:
            if parent.name == "results":
                return (found.root / parent).resolve()
    return None


def _answers(found: _Found, book: _Book | None) -> str:
    """answers.md, or what the notebook has of it where nothing is written there."""
    texts = [book.answers] if book is not None else []
    for file in found.files:
        if file.name == "answers.md":
            with suppress(UnreadableError):
                texts.insert(0, read_bytes(found.root / file, MAX_TEXT).decode("utf-8", "replace"))
                break
    return next(filter(answers.is_written, texts), texts[0] if texts else "")


def _nothing(found: _Found, problems: Sequence[str], name: str) -> str:
    if problems:
        return f"{name} holds nothing that can be graded: {problems[0]}"
    if not found.files:
        return f"{name} is empty: name {ACCEPTED}."
    return f"{name} holds neither a notebook nor one of the six modules: name {ACCEPTED}."


def main(arguments: Iterable[str] | None = None) -> int:
    """Gather, under limits, and say what came of it."""
    path, scratch, name = arguments if arguments is not None else sys.argv[1:]
    _limit(scratch)
    try:
        answer: dict[str, object] = {"submission": as_data(gather(Path(path), Path(scratch), name))}
    except SubmissionError as error:
        answer = {"problem": str(error)}
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    return 0


def _limit(scratch: str) -> None:
    """Let this process write into one folder only, and take no more than it can need; as far as the platform can."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ImportError, OSError, AttributeError):
        from grader.sandbox import landlock

        landlock.restrict(read=["/"], write=[scratch, "/dev/null"])


if __name__ == "__main__":
    sys.exit(main())
