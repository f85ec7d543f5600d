"""Find the modules, the notebook, the results and the answers in a submission.

:mod:`harness.submission.intake` starts this module as a process of its own, ``python -m harness.submission.gather PATH
SCRATCH NAME [marking]``, because what it unpacks and parses may be hostile. It writes only into SCRATCH, and prints
what it found as JSON.
"""

from __future__ import annotations

import ast
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from harness.base.untrusted import UnreadableError, read_bytes
from harness.submission import answers
from harness.submission.archives import is_archive
from harness.submission.cells import parse
from harness.submission.checklist import Handed, checklist
from harness.submission.file_search import MAX_TEXT, FoundFiles, copy, find_files, read_text, text_of
from harness.submission.filenames import is_almost, is_called_archive, is_notebook, module_meant, shown
from harness.submission.intake import ACCEPTED, MARKING, Submission, SubmissionError, as_data, find
from harness.submission.material import collect
from harness.submission.module_files import find_module_files, is_untouched
from harness.submission.nested import open_archives, unpacked
from harness.submission.notebook import Module
from harness.submission.notebook_files import NotebookFile, read_notebooks, scripts
from harness.submission.required_names import FILES, NAMES
from harness.submission.settings import settings_of
from harness.submission.stage import left_out

__all__ = ["gather", "main"]

OTHER_ARCHIVES = (".7z", ".rar", ".dmg", ".iso", ".xz", ".bz2", ".zst")
#: Bytes of address space and seconds of processor time for what this process reads.
MEMORY, PROCESSOR_SECONDS = 3 << 30, 90


def gather(path: Path, scratch: Path, name: str, marking: bool = False) -> Submission:
    """Prepare the submission at ``path`` for grading.

    Args:
        scratch: an empty folder for unpacked and generated files.
        name: the path as the user wrote it.
        marking: whether to write the material for marking by hand into the scratch folder's ``marking``. It is written
            even if no code can be graded.

    Raises:
        SubmissionError: nothing in the submission can be graded.
    """
    if path.is_dir():
        root, notes = path, list[str]()
    else:
        root, notes = _unpacked(path, scratch, name)
    found = find_files(root)
    if found.is_locked:
        raise SubmissionError(f"{name} can't be read: change its permissions.")
    found = open_archives(found, scratch, name)
    books, problems = read_notebooks(found)
    book = max(books, key=lambda one: one.names) if books else None
    texts = _Texts(books, book, problems, _results(found), _answers(found, book))
    if marking:
        collect(scratch / MARKING, found, texts.results, texts.answers, book.cells if book else ())
    submission = _chosen(found, texts, notes, path, scratch, name)
    return replace(submission, notes=tuple(dict.fromkeys([*submission.notes, *left_out(submission.folder)])))


def _unpacked(path: Path, scratch: Path, name: str) -> tuple[Path, list[str]]:
    """A folder with the file, or with the unpacked archive."""
    root = scratch / "handed-in"
    if path.suffix.lower() == ".py" or is_notebook(path.name) or module_meant(path.name):
        root.mkdir()
        with suppress(OSError):
            shutil.copyfile(path, root / path.name, follow_symlinks=True)
        if not (root / path.name).is_file():
            raise SubmissionError(f"{name} can't be read: change its permissions, or name a plain file.")
        return root, []
    if not os.access(path, os.R_OK):
        raise SubmissionError(f"{name} can't be read: change its permissions.")
    if path.is_file() and is_called_archive(path.name) and is_archive(path):
        return root, unpacked(path, root, name)
    if path.suffix.lower() in (".zip", ".tar", ".gz", ".tgz"):
        raise SubmissionError(f"{name} is damaged or not an archive: pack it again.")
    if path.suffix.lower() in OTHER_ARCHIVES:
        raise SubmissionError(f"{name} can't be unpacked here: pack it as a .zip.")
    raise SubmissionError(f"{name} can't be graded: name {ACCEPTED}.")


@dataclass(frozen=True)
class _Texts:
    """The texts of a submission besides its modules."""

    books: Sequence[NotebookFile]
    book: NotebookFile | None
    """The notebook that is graded."""
    problems: Sequence[str]
    """A sentence for each notebook that can't be read."""
    results: Path | None
    answers: str


def _chosen(found: FoundFiles, texts: _Texts, notes: list[str], path: Path, scratch: Path, name: str) -> Submission:
    """The submission that these files make up."""
    folder, others = find_module_files(found)
    books, problems, book = texts.books, texts.problems, texts.book
    places = {file: (folder or Path()) / file for file in FILES if folder is not None} | others
    files: dict[str, Path] = {file: place for file, place in places.items() if (found.root / place).is_file()}
    modules = _from_book(found, files, book)
    taken = scripts(found, folder, _lacking(found, files, modules))
    modules |= {file: one.modules[file[:-3]] for file, one in taken.items()}
    notes += [*found.notes, *problems]
    if book is not None and len(books) > 1:
        notes.append(f"There are {len(books)} notebooks, and {book.path.as_posix()} was graded: hand in one.")
    if not files and book is None and not taken:
        raise SubmissionError(_nothing(found, [*problems, *notes], name))
    read = [*([book] if book is not None and modules else []), *taken.values()]
    notes += [note for one in read for note in one.notes]
    both = [
        file for file in files if book and file not in modules and _differ(found.root / files[file], book, file[:-3])
    ]
    if both:
        notes.append(f"These are in the notebook and are files as well: {', '.join(both)}. The files were graded.")
    submission = Submission(
        found.root / (folder or Path()),
        path.resolve().name,
        results=texts.results,
        answers=texts.answers,
        notes=tuple(dict.fromkeys(notes)),
    )
    handed = Handed(
        path, found.root, found.files, len(books) + len(problems), book.cells if book else (), texts.answers
    )
    submission = replace(submission, checklist=checklist(handed))
    if not modules and not others:
        if path.is_dir():  # as it lies there: pytest shows a student the file's own path, and results may lie beside it
            plain = find(found.root / (folder or Path()))
            submission = replace(submission, folder=plain.folder, results=submission.results or plain.results)
        return submission
    modules |= {path: helper for one in read for path, helper in one.helpers.items()}
    own = dict.fromkeys([*(one.path.parent for one in read), *([folder] if folder is not None else [])])
    return _assembled(submission, found, list(own), others, modules, scratch)


def _assembled(
    submission: Submission,
    found: FoundFiles,
    folders: Sequence[Path],
    others: dict[str, Path],
    modules: dict[str, Module],
    scratch: Path,
) -> Submission:
    """A new folder with modules that come from different places."""
    target = scratch / "modules"
    target.mkdir()
    for place in folders:
        for file in found.files:  # with modules of their own that theirs import
            if file.suffix == ".py" and file.is_relative_to(place):
                *parents, _ = file.relative_to(place).parts
                if len(parents) <= 2 and not set(parents) & set(FILES):
                    copy(found.root / file, target / file.relative_to(place))
    for module_file, path in others.items():
        copy(found.root / path, target / module_file)
    for module_file, module in modules.items():
        (target / module_file).parent.mkdir(parents=True, exist_ok=True)
        (target / module_file).write_text(module.text, encoding="utf-8", errors="replace")
    return replace(
        submission,
        folder=target,
        origins={file: module.origins for file, module in modules.items()},
        unmade={name: reason for module in modules.values() for name, reason in module.unmade.items()},
    )


def _from_book(found: FoundFiles, files: dict[str, Path], book: NotebookFile | None) -> dict[str, Module]:
    """The modules that come from the notebook, by file name: those without a file, or whose file has only stubs."""
    if book is None:
        return {}
    return {
        file: book.modules[file[:-3]]
        for file in FILES
        if file not in files or (book.modules[file[:-3]].written and is_untouched(found.root / files[file], file[:-3]))
    }


def _lacking(found: FoundFiles, files: dict[str, Path], modules: dict[str, Module]) -> list[str]:
    """The modules that neither a file nor the notebook implements."""
    return [
        file
        for file in FILES
        if (file not in modules or not modules[file].written)
        and (file not in files or file in modules or is_untouched(found.root / files[file], file[:-3]))
    ]


def _differ(path: Path, book: NotebookFile, module: str) -> bool:
    """Whether the notebook and the file define something in a module differently."""
    if not book.modules[module].written:
        return False
    file, made = (_definitions(text, module) for text in (read_text(path), book.modules[module].text))
    return any(file.get(name) != made[name] for name in book.modules[module].written if name in made)


def _definitions(text: str, module: str) -> dict[str, str]:
    """The definitions of the handout's names, by name and without layout."""
    try:
        statements, _ = parse(text)
        return {name: ast.dump(one.node) for one in statements for name in one.binds & NAMES[module].keys()}
    except (RecursionError, MemoryError):
        return {}


def _results(found: FoundFiles) -> Path | None:
    """The folder of results nearest to the top."""
    almost: dict[Path, None] = {}
    for file in found.files:
        for parent in file.parents:
            if parent.name == "results":
                return (found.root / parent).resolve()
            if is_almost(parent.name, "results"):
                almost[parent] = None
    names = ", ".join(shown(folder.as_posix()) for folder in list(almost)[:3])
    if len(almost) == 1:
        found.notes.append(f"{names} was graded as results: rename it to results.")
        return (found.root / next(iter(almost))).resolve()
    if almost:
        found.notes.append(f"{names} could each be results, so none was graded: rename one to results.")
    return None


def _answers(found: FoundFiles, book: NotebookFile | None) -> str:
    """The text of answers.md, or the notebook's answers if answers.md is empty."""
    texts = [book.answers] if book is not None else []
    almost = [file for file in found.files if is_almost(file.name, "answers", ".md")]
    for file in sorted(almost, key=lambda file: file.name != "answers.md"):
        if file.name == "answers.md" or len(almost) == 1:
            if file.name != "answers.md":
                found.notes.append(f"{shown(file.as_posix())} was read as answers.md: rename it to answers.md.")
            with suppress(UnreadableError):
                texts.insert(0, text_of(read_bytes(found.root / file, MAX_TEXT)))
                break
    return next(filter(answers.is_written, texts), texts[0] if texts else "")


def _nothing(found: FoundFiles, problems: Sequence[str], name: str) -> str:
    if problems:
        return f"{name} holds nothing that can be graded: {problems[0]}"
    if not found.files:
        return f"{name} is empty: name {ACCEPTED}."
    return f"{name} holds neither a notebook nor one of the modules: name {ACCEPTED}."


def main(arguments: Iterable[str] | None = None) -> int:
    """Gather a submission under limits, and print the outcome as JSON."""
    path, scratch, name, *marking = arguments if arguments is not None else sys.argv[1:]
    _limit(scratch)
    try:
        submission = gather(Path(path), Path(scratch), name, bool(marking))
        submission = replace(submission, settings=settings_of(submission.folder))
        answer: dict[str, object] = {"submission": as_data(submission)}
    except SubmissionError as error:
        answer = {"problem": str(error)}
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    return 0


def _limit(scratch: str) -> None:
    """Limit this process's memory and time, and let it write into one folder only, as far as the platform can."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        memory = MEMORY + _address_space()
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ImportError, OSError, AttributeError):
        from harness.isolation import landlock

        landlock.restrict(read=["/"], write=[scratch, "/dev/null"])


def _address_space() -> int:
    """The bytes of address space that this process has. One that was forked may have gigabytes, PyTorch's libraries."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


if __name__ == "__main__":
    sys.exit(main())
