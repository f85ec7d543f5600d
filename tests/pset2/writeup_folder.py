"""A team's folders, and what comes of ``make writeup`` in them."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import pytest
from pypdf import PdfReader

from course.writeup import __main__ as command
from harness.validation.cases import SOLUTION, STUBS

__all__ = ["ANSWERS", "BEST", "STEM", "TEAM", "WriteupFolder"]

TEAM = "Team: Zoë Müller, Ada Lovelace"
STEM = "CS2420_PSet2_ZoeMuller_AdaLovelace"
ANSWERS = (STUBS / "answers.md").read_text(encoding="utf-8")
BEST = "## 1.1 Which learning rate is best, and why (100)"


class WriteupFolder:
    """A team's folders, and what came of one ``make writeup``."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        self.student, self.out = folder / "student", folder / "out"
        self.results = folder / "results"
        self.student.mkdir()
        for path in SOLUTION.glob("[a-z]*.py"):
            shutil.copy(path, self.student)
        self.write(ANSWERS)
        self.code, self.said, self.errors = -1, "", ""

    def write(self, text: str) -> None:
        (self.student / "answers.md").write_bytes(text.encode("utf-8", "surrogatepass"))

    def answer(self, text: str, team: str = TEAM) -> None:
        """Write the answers, the first of which is this."""
        self.write(re.sub(r"Team:.*", lambda _: team, ANSWERS).replace(BEST, f"{BEST}\n\n{text}\n"))

    def make(self, *arguments: str | Path) -> WriteupFolder:
        folders = ("--student", self.student, "--results", self.results, "--out", self.out)
        self.code = command.main([str(argument) for argument in (*folders, *arguments)])
        self.said, self.errors = self.capsys.readouterr()
        return self

    @property
    def pdf(self) -> Path:
        (path,) = self.out.glob("*.pdf")
        return path

    @property
    def text(self) -> str:
        """Of all pages, with single spaces."""
        return " ".join(" ".join(page.extract_text() for page in PdfReader(self.pdf).pages).split())

    @property
    def packed(self) -> dict[str, bytes]:
        (path,) = self.out.glob("*.zip")
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
