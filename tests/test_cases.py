"""The first lines of validation's cases, and what is said of lines that are wrong."""

from __future__ import annotations

import pytest
import typer

from harness.validation import cases
from harness.validation.cli import validate

WRONG = "# quantization: something\n# loses {test}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of cases: one right one, and two wrong ones."""
    for kind, name, text in (
        ("right", "fine", "# quantization: fine\n"),
        ("broken", "empty", WRONG.format(test="2.1a")),
        ("wrong", "one", WRONG.format(test="2.1z")),
        ("wrong", "two", "# quantisation: misspelled\n# loses 2.1a\n"),
    ):
        (tmp_path / kind).mkdir(exist_ok=True)
        (tmp_path / kind / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(cases, "CASES", tmp_path)
    return tmp_path


def test_every_case_with_wrong_lines_is_named(folder):
    with pytest.raises(cases.CaseError) as raised:
        cases.read_cases()
    one, two = str(raised.value).splitlines()
    assert one.endswith("one.py: there is no test 2.1z: change or delete the line that names it.")
    assert "two.py: there is no module quantisation, only training, quantization" in two


def test_cases_with_right_lines_are_read(folder):
    (folder / "wrong" / "two.py").unlink()
    (folder / "wrong" / "one.py").write_text(WRONG.format(test="2.1a"), encoding="utf-8")
    assert [case.name for case in cases.read_cases()] == ["one", "fine", "empty"]


def test_validate_says_so_in_a_line_each(folder, capsys):
    with pytest.raises(typer.Exit) as ended:
        validate()
    assert ended.value.exit_code == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 2
    assert "there is no test 2.1z" in said[0]
