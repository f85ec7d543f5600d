"""What students hand in: folders, modules, archives and notebooks."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import nbformat
import pytest

from harness import ROOT
from harness.submission.answers import QUESTIONS
from harness.submission.gather import gather
from harness.submission.intake import Submission, SubmissionError, open_submission
from harness.submission.required_names import FILES, PROVIDED
from harness.validation.cases import SOLUTION, STUBS
from tests.damaged_submissions import solution_notebook, zip_of
from tests.notebooks import module, notebook

# ---- where things lie ----------------------------------------------------------------------------------------


def test_what_the_course_provides_is_there():
    for name, place in PROVIDED.items():
        assert hasattr(importlib.import_module(place), name)


def test_a_folder_is_graded_where_it_lies(take):
    submission = take(SOLUTION)
    assert submission.folder == SOLUTION
    assert submission.origins == {}
    assert take(STUBS.parent).folder == STUBS


@pytest.mark.parametrize("pack", ["zip", "tar.gz"])
def test_modules_and_results_deep_in_an_archive(take, tmp_path, pack):
    inside = tmp_path / "x" / "CS2420 PSet 2" / "student"
    shutil.copytree(SOLUTION, inside)
    (inside.parent / "results" / "1.1").mkdir(parents=True)
    (inside.parent / "results" / "1.1" / "record.json").write_text("{}")
    (tmp_path / "x" / "__MACOSX").mkdir()
    (tmp_path / "x" / "__MACOSX" / "quantization.py").write_text("rubbish")
    path = shutil.make_archive(str(tmp_path / "hand-in"), {"zip": "zip", "tar.gz": "gztar"}[pack], tmp_path / "x")
    submission = take(Path(path))
    assert (submission.folder / "transformer.py").read_text() == (SOLUTION / "transformer.py").read_text()
    assert submission.folder.name == "student"
    assert submission.results is not None
    assert (submission.results / "1.1" / "record.json").is_file()
    assert submission.notes == ()


def test_a_single_module_is_a_submission(take):
    assert [path.name for path in take(SOLUTION / "depthwise.py").folder.iterdir()] == ["depthwise.py"]


def test_an_archive_in_a_folder_is_unpacked(take, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "hand-in.zip").write_bytes(zip_of({"depthwise.py": b"x = 1"}))
    assert (take(tmp_path / "in").folder / "depthwise.py").read_text() == "x = 1"


def test_modules_in_several_folders_are_put_together(take, tmp_path):
    for name in ("a/quantization.py", "a/pruning.py", "b/quantization.py", "b/depthwise.py"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(f"where = {name!r}")
    submission = take(tmp_path / "in")
    assert {path.name: path.read_text() for path in submission.folder.iterdir()} == {
        "quantization.py": "where = 'a/quantization.py'",
        "pruning.py": "where = 'a/pruning.py'",
        "depthwise.py": "where = 'b/depthwise.py'",
    }
    assert submission.notes == ("These are in another folder than the others, and were graded too: b/depthwise.py.",)


def test_the_whole_repository_handed_in_is_its_student_folder(take, tmp_path):
    shutil.copytree(STUBS, tmp_path / "in" / "student")
    (tmp_path / "in" / "student" / "pruning.py").unlink()
    shutil.copytree(SOLUTION, tmp_path / "in" / "grader" / "solution")
    (tmp_path / "in" / "grader" / "__init__.py").write_text("")
    assert not (take(tmp_path / "in").folder / "pruning.py").exists()


def test_a_notebook_fills_in_for_stubs_and_not_for_files(take, tmp_path):
    shutil.copytree(STUBS, tmp_path / "in" / "student")
    shutil.copy(SOLUTION / "quantization.py", tmp_path / "in" / "student")
    (tmp_path / "in" / "student" / "own.py").write_text("x = 1")
    path = notebook(tmp_path / "in" / "PSet2.ipynb", module("depthwise"), "def quantize(W):\n    return W")
    submission = take(tmp_path / "in")
    assert list(submission.origins) == ["depthwise.py"]
    assert (submission.folder / "quantization.py").read_text() == module_file("quantization")
    assert (submission.folder / "own.py").is_file()
    assert (
        "These are in the notebook and are files as well: quantization.py. The files were graded." in submission.notes
    )
    assert path.is_file()


def test_what_is_the_same_in_the_notebook_and_as_files_is_not_mentioned(take, tmp_path):
    shutil.copytree(SOLUTION, tmp_path / "student")
    nbformat.write(solution_notebook(), tmp_path / "PSet2.ipynb")
    assert take(tmp_path).notes == ()


def test_answers_of_the_notebook_take_the_place_of_untouched_ones(take, tmp_path):
    shutil.copytree(STUBS, tmp_path / "student")
    question = QUESTIONS[-1]
    notebook(tmp_path / "one.ipynb", "text:Team: Ada Lovelace", f"text:## {question.part} {question.title}\n\nTwice.")
    assert "Twice." in take(tmp_path).answers
    (tmp_path / "student" / "answers.md").write_text(f"## {question.part} {question.title}\n\nThree times.")
    assert "Three times." in take(tmp_path).answers


def module_file(name: str) -> str:
    return (SOLUTION / f"{name}.py").read_text()


def test_of_several_notebooks_the_one_with_most_in_it_is_graded(take, tmp_path):
    notebook(tmp_path / "old.ipynb", "x = 1")
    notebook(tmp_path / "new.ipynb", module("depthwise"))
    submission = take(tmp_path)
    assert "There are 2 notebooks, and new.ipynb was graded: hand in one." in submission.notes
    assert "class DepthwiseSeparableConvolution" in (submission.folder / "depthwise.py").read_text()


# ---- archives that are not as they should be -----------------------------------------------------------------


def test_nothing_is_written_outside(take, tmp_path):
    names = ("../out.py", "/tmp/pset2-out.py", "a/../../out.py", "..\\out.py", "C:\\out.py", "quantization.py")
    (tmp_path / "in.zip").write_bytes(zip_of(dict.fromkeys(names, b"x = 1")))
    submission = take(tmp_path / "in.zip")
    assert [path.name for path in submission.folder.iterdir()] == ["quantization.py"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.zip", "scratch"]
    assert "../out.py was left out: its name leads out of the archive or is not valid." in submission.notes
    assert not Path("/tmp/pset2-out.py").exists()


def test_links_and_devices_are_left_out(take, tmp_path):
    with tarfile.open(tmp_path / "in.tar.gz", "w:gz") as archive:
        archive.add(SOLUTION / "depthwise.py", "depthwise.py")
        for name, kind in (("pruning.py", tarfile.SYMTYPE), ("a", tarfile.LNKTYPE), ("b", tarfile.CHRTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    submission = take(tmp_path / "in.tar.gz")
    assert [path.name for path in submission.folder.iterdir()] == ["depthwise.py"]
    assert "pruning.py was left out: it is a link, not a regular file." in submission.notes
    assert "b was left out: it is a device or pipe, not a regular file." in submission.notes


def test_a_damaged_file_costs_itself_alone(take, tmp_path):
    data = bytearray(zip_of({file: module_file(file[:-3]).encode() for file in FILES}))
    at = data.find(b"pruning.py") + 200
    data[at : at + 50] = bytes(50)
    (tmp_path / "in.zip").write_bytes(data)
    submission = take(tmp_path / "in.zip")
    assert {path.name for path in submission.folder.iterdir()} == set(FILES) - {"pruning.py"}
    assert any(note.startswith("pruning.py is damaged in the archive") for note in submission.notes)


def test_an_upload_that_broke_off_is_graded_as_far_as_it_came(take, tmp_path):
    with tarfile.open(tmp_path / "whole.tar", "w") as archive:
        for file in FILES:
            archive.add(SOLUTION / file, file)
    data = (tmp_path / "whole.tar").read_bytes()
    (tmp_path / "in.tar").write_bytes(data[: len(data) // 2])
    submission = take(tmp_path / "in.tar")
    assert (submission.folder / FILES[0]).read_text() == module_file(FILES[0][:-3])
    assert any("is damaged" in note for note in submission.notes)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (zip_of({"quantization.py": bytes(60_000_000)}), "would fill the disk once unpacked"),
        (zip_of({f"{number}.py": b"" for number in range(6000)}), "has more than 5,000 entries"),
        (zip_of({"a.txt": b""}), "holds neither a notebook nor one of the modules"),
        (zip_of({}), "is empty: name a folder with"),
        (zip_of({"a.ipynb": b"{"}), "is not a notebook: it isn't valid JSON; save it again from Jupyter or Colab"),
        (b"PK", "is damaged or not an archive: pack it again"),
    ],
    ids=["bomb", "crowd", "nothing", "empty", "no notebook", "no archive"],
)
def test_what_cannot_be_graded_is_refused_in_a_sentence(take, tmp_path, data, sentence):
    (tmp_path / "in.zip").write_bytes(data)
    with pytest.raises(SubmissionError) as raised:
        take(tmp_path / "in.zip")
    assert sentence in str(raised.value)
    assert str(raised.value).startswith("in.zip ")
    assert "\n" not in str(raised.value)


def test_a_zip_with_a_password_is_refused(take, tmp_path):
    data = bytearray(zip_of({"quantization.py": b"x = 1"}))
    data[data.find(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "in.zip").write_bytes(data)
    with pytest.raises(SubmissionError, match="is protected by a password: pack it without one"):
        take(tmp_path / "in.zip")


@pytest.mark.parametrize("name", ["in.rar", "in.7z", "in.txt", "in.py"])
def test_other_files_are_refused(take, tmp_path, name):
    (tmp_path / name).write_bytes(b"Rar!")
    with pytest.raises(SubmissionError, match=r"pack it as a \.zip|name a folder with training\.py"):
        take(tmp_path / name)


@pytest.mark.slow
def test_what_takes_too_much_memory_is_refused(tmp_path):
    """The process that reads it has limits; a sentence is all that is left of it."""
    (tmp_path / "in.ipynb").write_bytes(b'{"nbformat": 4, "cells": [' + b"[[]]," * 9_000_000 + b"[]]}")
    with pytest.raises(SubmissionError), open_submission(tmp_path / "in.ipynb"):
        pass


# ---- the process that reads it, forked by a warm server ----------------------------------------------------------


def in_forks(text: str, *arguments: Path) -> list[str]:
    """The lines that code prints for which a warm server's process would open submissions."""
    code = (
        "import os, sys, time\nfrom pathlib import Path\nfrom harness.submission import gather, intake\n"
        f"intake.uses_template = lambda: True\npaths = [Path(one) for one in sys.argv[1:]]\n{text}"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_forked_process_reads_the_same(tmp_path):
    (tmp_path / "in.zip").write_bytes(zip_of({name: (SOLUTION / name).read_bytes() for name in FILES}))
    nbformat.write(solution_notebook(), tmp_path / "in.ipynb")
    (tmp_path / "damaged.zip").write_bytes((tmp_path / "in.zip").read_bytes()[:3000])
    (tmp_path / "empty").mkdir()
    (tmp_path / "none.zip").write_bytes(b"PK")
    paths = [STUBS, SOLUTION, *sorted(tmp_path.iterdir())]
    both = in_forks(
        """
for path in paths:
    for intake.uses_template in (lambda: True, lambda: False):
        try:
            with intake.open_submission(path) as found:
                texts = [(file.name, file.read_text()) for file in sorted(found.folder.glob("*.py"))]
                place = found.folder if found.folder == path else found.folder.name
                print(place, found.notes, found.checklist, found.settings, found.origins.keys(), hash(str(texts)))
        except intake.SubmissionError as error:
            print(error)
""",
        *paths,
    )
    assert both[::2] == both[1::2]
    assert len(both) == 2 * len(paths)
    assert len({*both}) > 4


@pytest.mark.parametrize(
    ("hostile", "said"),
    [
        ("gather.MEMORY, gather.gather = 1 << 28, lambda *_: bytearray(1 << 30)", "can't be read (MemoryError)"),
        ("intake.SECONDS, gather.gather = 0.3, lambda *_: time.sleep(60)", "took too long to read"),
        ("gather.gather = lambda *_: os._exit(3)", "can't be read: it may need too much memory"),
        ("gather.gather = lambda *_: os.kill(os.getpid(), 9)", "can't be read: it may need too much memory"),
    ],
)
def test_a_forked_process_has_limits(tmp_path, hostile, said):
    lines = in_forks(
        f"""
{hostile}
try:
    with intake.open_submission(paths[0]):
        print("It was opened.")
except intake.SubmissionError as error:
    print(error)
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("nothing is left")
""",
        tmp_path,
    )
    assert said in lines[0]
    assert lines[1:] == ["nothing is left"]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_a_forked_process_has_no_open_file_of_the_grader(tmp_path):
    (line,) = in_forks(
        """
def names(*_):
    raise intake.SubmissionError(" ".join(sorted(os.listdir("/proc/self/fd"))[:-1]))  # the last is that of this list
kept = [open(paths[0]) for _ in range(5)]
gather.gather = names
try:
    with intake.open_submission(paths[0].parent):
        pass
except intake.SubmissionError as error:
    print(error)
""",
        SOLUTION / "training.py",
    )
    assert line == "0 1 2"


# ---- the command line ----------------------------------------------------------------------------------------


def test_a_notebook_is_unpacked_into_modules(run, tmp_path):
    path = notebook(tmp_path / "one.ipynb", module("depthwise"), "text:## 6.2 How much slower (50)\n\nTwice.")
    for _ in range(2):  # its own folder is renewed
        done = run("-m", "grader", "unpack", path, "--out", tmp_path / "out")
        assert done.returncode == 0, done.stderr
    assert {*FILES, "answers.md"} <= {file.name for file in (tmp_path / "out").iterdir()}
    assert "Twice." in (tmp_path / "out" / "answers.md").read_text()
    refused = run("-m", "grader", "unpack", path, "--out", tmp_path)
    assert refused.returncode == 2
    assert "holds something else: name a new folder" in refused.stderr


def test_only_plain_files_of_results_are_unpacked(run, tmp_path):
    handed = tmp_path / "handed"
    (handed / "results" / "1.1").mkdir(parents=True)
    shutil.copy(SOLUTION / "training.py", handed)
    (handed / "results" / "1.1" / "record.json").write_text("{}")
    (handed / "results" / "1.1" / "link").symlink_to("/etc/passwd")
    os.mkfifo(handed / "results" / "pipe")
    done = run("-m", "grader", "unpack", handed, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    found = [path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out" / "results").rglob("*")]
    assert sorted(found) == ["results/1.1", "results/1.1/record.json"]


def test_a_folder_that_cannot_be_made_is_refused_in_a_sentence(run, tmp_path):
    done = run("-m", "grader", "unpack", SOLUTION, "--out", tmp_path / "no" / "out")
    assert done.returncode == 2
    assert "you can't write to" in done.stderr
    assert "Traceback" not in done.stderr


def test_pytest_takes_a_notebook(run, tmp_path):
    path = notebook(tmp_path / "one.ipynb", module("depthwise"))
    done = run("-m", "pytest", f"--submission={path}", "-n", "2", "-k", "replaced_weights or test_parameters")
    assert "CS 2420 PSet 2: one.ipynb" in done.stdout


# ---- the checklist -------------------------------------------------------------------------------------------


def checks(submission: Submission) -> dict[str, bool | None]:
    return {item.what: item.done for item in submission.checklist}


def test_a_complete_hand_in(take, tmp_path):
    book = solution_notebook()
    for count, cell in enumerate(cell for cell in book.cells if cell.cell_type == "code"):
        cell.execution_count = count + 1
    for question in QUESTIONS:
        heading = f"## {question.part} {question.title}" + (f" ({question.words})" if question.words else "")
        book.cells.append(nbformat.v4.new_markdown_cell(f"{heading}\n\nThat it is so, since it was measured."))
    files = {
        "work/CS2420_PSet2.ipynb": nbformat.writes(book).encode(),
        "writeup.pdf": b"%PDF-1.7",
        "chatgpt-log.txt": b"none",
    }
    path = tmp_path / "CS2420_PSet2_Lovelace_Turing.zip"
    path.write_bytes(zip_of(files))
    found = checks(take(path))
    assert found == dict.fromkeys(found, True)


def test_what_a_hand_in_lacks_is_said(take, tmp_path):
    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("quantization.py", "x = 1")
        archive.writestr("writeup.pdf", "Word")
    found = {item.what: item.found for item in take(path).checklist}
    assert "should be called CS2420_PSet2_<Name1>_<Name2>.zip" in found["the name of the zip"]
    assert found["exactly one notebook"].startswith("there is none here: run one")
    assert found["the write-up as PDF"] == "writeup.pdf is not a PDF that opens: make it again"
    assert found["logs of AI tools, as text or PDF"].startswith("add ai-log.txt")


@pytest.mark.parametrize(
    ("tools", "done"),
    [("none", True), ("No AI tools were used.", True), ("None.", True), ("ChatGPT, for part 5", False), ("", False)],
)
def test_a_team_that_used_no_ai_tools_says_so_in_its_answers(take, tmp_path, tools, done):
    (tmp_path / "quantization.py").write_text("x = 1")
    (tmp_path / "answers.md").write_text(f"Team: Ada Lovelace\n\nAI tools: {tools}\n\n## 1.1 Which\n\nWords.\n")
    (logs,) = [item for item in take(tmp_path).checklist if item.what.startswith("logs of AI tools")]
    assert logs.done is done


def test_answers_are_counted(take, tmp_path):
    (tmp_path / "quantization.py").write_text("x = 1")
    long = "word " * 101 + "$x = 1$"
    (tmp_path / "answers.md").write_text(
        f"Team: Ada Lovelace\n\n## 1.1 Which learning rate is best, and why (100)\n\n{long}"
    )
    found = {item.what: item for item in take(tmp_path).checklist}
    assert found["the team's names"].found == "Ada Lovelace"
    assert found["written answers within their limits"].found.startswith(
        "1.1 has 101 words, the limit is 100: shorten them"
    )


def test_cells_that_were_not_run_in_order_are_noticed(take, tmp_path):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"x = {number}") for number in range(3)])
    for cell, count in zip(book.cells, (1, 3, 2), strict=True):
        cell.execution_count = count
    nbformat.write(book, tmp_path / "one.ipynb")
    found = {item.what: item.found for item in take(tmp_path / "one.ipynb").checklist}
    assert found["all outputs saved, in order"].startswith("the cells were not run from top to bottom")


def test_the_checklist_is_in_every_report(run, tmp_path, read_report):
    path = notebook(tmp_path / "one.ipynb", "x = 1")
    report, page = tmp_path / "results.json", tmp_path / "page.html"
    done = run("-m", "grader", "grade", path, "--jobs", "1", "--json", report, "--html", page)
    assert "exactly one notebook" in done.stdout
    assert "✓ exactly one notebook: one" in read_report(report)["output"]
    assert "exactly one notebook: one" in page.read_text(encoding="utf-8")
    assert read_report(report)["score"] == 0


def test_a_folder_that_can_not_be_looked_into_is_not_called_empty(tmp_path, monkeypatch):
    for folder in ("mine", "mine/part2"):
        (tmp_path / folder).mkdir()
    (tmp_path / "mine" / "training.py").write_text("")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    locked = "mine"
    with pytest.raises(SubmissionError, match="theirs can't be read: change its permissions"):
        gather(tmp_path / "mine", tmp_path / "scratch", "theirs")
    locked = "part2"
    (tmp_path / "scratch").mkdir()
    found = gather(tmp_path / "mine", tmp_path / "scratch", "theirs")
    assert "The folder part2 can't be read: change its permissions." in found.notes
