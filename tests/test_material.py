"""What is kept of a submission for marking by hand, whatever lies in it."""

from __future__ import annotations

import base64
from pathlib import Path

import nbformat
import pytest

from harness.submission.intake import SubmissionError, open_submission
from harness.submission.material import MAX_PICTURE, MAX_PICTURES
from harness.validation.cases import write_solution

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
PDF = b"%PDF-1.7\n%%EOF\n"
ANSWERS = "Team: Ada Lovelace\n\n## 1.1 Which learning rate is best, and why (100)\n\n0.1 is best.\n"


def kept(submission: Path, folder: Path) -> dict[str, bytes]:
    """The files that are kept of a submission, by their path."""
    with open_submission(submission, marking=folder):
        pass
    return files(folder)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_answers_write_up_figures_and_records_are_kept(tmp_path: Path) -> None:
    write_solution(tmp_path / "mine")
    (tmp_path / "mine/answers.md").write_text(ANSWERS)
    (tmp_path / "mine/CS2420_PSet2_Ada.pdf").write_bytes(PDF)
    (tmp_path / "mine/ai-log.pdf").write_bytes(PDF + b"log")
    part = tmp_path / "mine/results/1.1"
    part.mkdir(parents=True)
    (part / "record.json").write_text("{}")
    (part / "loss.png").write_bytes(PNG)
    found = kept(tmp_path / "mine", tmp_path / "kept")
    assert found.keys() == {"answers.md", "writeup.pdf", "results/1.1/record.json", "results/1.1/loss.png"}
    assert found["answers.md"].decode().strip() == ANSWERS.strip()
    assert found["writeup.pdf"] == PDF


def test_a_pdf_alone_is_kept_though_no_code_can_be_graded(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/writeup.pdf").write_bytes(PDF)
    with pytest.raises(SubmissionError), open_submission(tmp_path / "mine", marking=tmp_path / "kept"):
        pass
    assert files(tmp_path / "kept") == {"writeup.pdf": PDF}


def test_pictures_that_a_notebook_has_saved_are_kept_by_their_cell(tmp_path: Path) -> None:
    cell = nbformat.v4.new_code_cell("# Code Cell 3.3\nPRUNE_PERCENTAGE = 0.1\n")
    data = {"image/png": base64.b64encode(PNG).decode()}
    cell.outputs = [nbformat.v4.new_output("display_data", data=data)] * 2
    broken = nbformat.v4.new_output("display_data", data={"image/png": "no base64!"})
    cell.outputs.append(broken)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "mine.ipynb")
    assert kept(tmp_path / "mine.ipynb", tmp_path / "kept") == {"notebook/3.3-1.png": PNG, "notebook/3.3-2.png": PNG}


def test_what_is_no_picture_no_part_or_too_much_is_left_out(tmp_path: Path) -> None:
    write_solution(tmp_path / "mine")
    part = tmp_path / "mine/results/1.1"
    part.mkdir(parents=True)
    (part / "script.png").write_bytes(b"<svg onload='alert(1)'/>")
    (part / "huge.png").write_bytes(PNG + bytes(MAX_PICTURE))
    (part / "link.png").symlink_to("/etc/passwd")
    for number in range(MAX_PICTURES + 5):
        (part / f"{number:03}.png").write_bytes(PNG)
    (tmp_path / "mine/results/elsewhere").mkdir()
    (tmp_path / "mine/results/elsewhere/some.png").write_bytes(PNG)
    names = kept(tmp_path / "mine", tmp_path / "kept").keys()
    assert 0 < len(names) <= MAX_PICTURES
    assert all(name.startswith("results/1.1/0") for name in names)
