"""The output of a notebook's cell that grades: HTML in a notebook, text elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from course import notebook, notebook_commands
from harness.gradebook import Gradebook, Outcome, State
from harness.repeat import CALLED_AS, Repeat
from harness.reports import cell
from tests.conftest import ROOT

HERE = Repeat(Path("mine.ipynb"))
SOLUTION = ROOT / "grader" / "solution"
HOSTILE = "<script>alert(1)</script> & \x1b[31m"


@pytest.fixture
def gradebook() -> Gradebook:
    return Gradebook("someone", seed=5)


def numbers_of(gradebook: Gradebook, part: str) -> list[str]:
    return [test.number for test in gradebook.tests if test.part == part]


def test_the_first_message_of_a_part_is_open_and_the_others_are_folded(gradebook):
    first, second, third, *_ = numbers_of(gradebook, "2.1")
    gradebook.record(first, Outcome(State.FAILED, finding="The first one.", hints=["Do this."]))
    gradebook.record(second, Outcome(State.FAILED, finding="Another one."))
    gradebook.record(third, Outcome(State.FAILED, finding="Another one."))
    page = cell.render(gradebook, HERE)
    before, _, folded = page.partition("1 more message of part 2.1")
    assert "The first one." in before
    assert "Do this." in before
    assert folded.count("Another one.") == 1
    assert f"{third} says the same." in folded
    assert "says the same" not in before


def test_the_output_is_harmless_whatever_student_code_said(gradebook):
    number = numbers_of(gradebook, "2.1")[0]
    gradebook.record(number, Outcome(State.FAILED, finding=HOSTILE, printed=HOSTILE, hints=[HOSTILE]))
    page = cell.render(Gradebook(HOSTILE, seed=5, notes=(HOSTILE,)), HERE) + cell.render(gradebook, HERE)
    assert "<script" not in page
    assert "\x1b" not in page


def test_only_what_was_checked_is_in_the_table(gradebook):
    gradebook.selected = frozenset(numbers_of(gradebook, "2.1"))
    page = cell.render(gradebook, HERE)
    assert "<td>2.1</td>" in page
    assert "<td>1.1</td>" not in page
    assert "<tfoot>" not in page  # one part is its own total
    assert ", only" not in page
    first, second, *_ = numbers_of(gradebook, "2.1")
    gradebook.selected = frozenset([first, second])
    assert f", only {first} and {second}</td>" in cell.render(gradebook, HERE)


def test_the_same_inputs_are_drawn_again_by_an_argument(gradebook, monkeypatch):
    monkeypatch.setenv(CALLED_AS, "notebook")
    assert "check(&#34;2.1&#34;, seed=5)" in cell.render(gradebook, Repeat(Path("mine.ipynb"), ("2.1",)))
    called: list[tuple[str, ...]] = []
    monkeypatch.setattr(notebook, "_grade", lambda parts, options, file, results: called.append((*options,)))
    notebook.check("2.1", seed=5)
    notebook.grade(seed=6, everything=True)
    assert called == [("--part", "2.1", "--seed", "5"), ("--all", "--seed", "6")]


def test_results_that_are_not_there_are_told_from_code_that_is_not(gradebook):
    for test in gradebook.tests:
        state = State.NOT_IMPLEMENTED if "results" in test.tags or test.part == "6.1" else State.PASSED
        gradebook.record(test.number, Outcome(state, score=test.points if state is State.PASSED else 0))
    number = numbers_of(gradebook, "2.1")[0]
    gradebook.record(number, Outcome(State.FAILED, finding="Wrong."))
    page = cell.render(gradebook, HERE)
    assert "Not implemented yet: 6.1<" in page
    assert "No full results yet: 1.1, 1.2" in page


def test_progress_is_read_from_the_report(tmp_path):
    report = tmp_path / "results.json"
    assert notebook_commands.progress(report) == "Grading …"
    rows = [{"extra_data": {"state": "passed", "seconds": 0.2}}, {"extra_data": {"state": "not run", "seconds": 0.0}}]
    report.write_text(json.dumps({"tests": rows}))
    assert notebook_commands.progress(report) == "Grading … 1 test done."
    report.write_text('{"tests": [')
    assert notebook_commands.progress(report) == "Grading …"


class Handle:
    """An output that can be replaced, as IPython has it."""

    def __init__(self, shown: list[dict[str, str]]) -> None:
        self.shown = shown

    def update(self, data: dict[str, str], raw: bool) -> None:
        self.shown.append(data)


def displayed_in(shown: list[dict[str, str]]) -> Callable[..., Handle]:
    """A stand-in for IPython's display that keeps what it is given."""

    def display(data: dict[str, str], raw: bool, display_id: bool) -> Handle:
        shown.append(data)
        return Handle(shown)

    return display


def test_in_a_notebook_the_table_replaces_the_progress(tmp_path, monkeypatch):
    shown: list[dict[str, str]] = []

    program = tmp_path / "command.py"
    program.write_text(
        "import sys, pathlib\n"
        "page = pathlib.Path(sys.argv[sys.argv.index('--cell') + 1])\n"
        "page.write_text('<p>The table</p>', encoding='utf-8')\n"
        "print('The table'); print('Report:', page.with_name('results.json'))\n"
    )
    monkeypatch.setattr("IPython.display.display", displayed_in(shown))
    monkeypatch.setattr(notebook, "_shell", lambda: object())
    notebook._grade_and_show([str(program)])
    assert shown[0] == {"text/plain": "Grading …"}
    assert shown[-1] == {"text/plain": "The table", "text/html": "<p>The table</p>"}


def test_a_command_that_grades_nothing_shows_its_sentence(tmp_path, monkeypatch):
    shown: list[dict[str, str]] = []
    monkeypatch.setattr("IPython.display.display", displayed_in(shown))
    monkeypatch.setattr(notebook, "_shell", lambda: object())
    program = tmp_path / "command.py"
    program.write_text("import sys; print('Name a part.', file=sys.stderr); sys.exit(2)\n")
    notebook._grade_and_show([str(program)])
    assert shown[-1] == {"text/plain": "Name a part."}


def test_the_command_writes_the_output(tmp_path, run):
    page = tmp_path / "cell.html"
    done = run("-m", "grader", "grade", str(SOLUTION), "--part", "2.1b", "--cell", str(page))
    assert done.returncode == 0, done.stderr
    assert "2.1b" in page.read_text(encoding="utf-8")
