"""Reports: pure functions of a gradebook, valid and harmless whatever student code wrote."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from harness.failure import StackLine
from harness.gradebook import Gradebook, Outcome, Panel, Picture, State, not_graded
from harness.repeat import Repeat
from harness.reports import gradescope, html, terminal
from harness.reports.text import write_atomically

HOSTILE = "\x1b[31mred\x1b[0m \x07 \u202e <script>alert(1)</script> [bold]markup[/bold] \udcff"


PYTEST = Repeat()
GRADE = Repeat(Path("some/folder"))


@pytest.fixture
def gradebook() -> Gradebook:
    return Gradebook("someone", seed=5)


def render(gradebook: Gradebook, width: int = 100, every: bool = False, repeat: Repeat = PYTEST) -> str:
    file = io.StringIO()
    Console(file=file, width=width, highlight=False).print(terminal.render(gradebook, every, repeat))
    return file.getvalue()


def validated(gradebook: Gradebook) -> dict:
    report = json.loads(json.dumps(gradescope.render(gradebook), allow_nan=False))
    jsonschema.validate(report, json.loads(gradescope.SCHEMA.read_text()))
    return report


def test_a_report_before_anything_ran_is_valid_and_has_every_row(gradebook):
    report = validated(gradebook)
    assert len(report["tests"]) == len(gradebook.tests)
    assert sum(row["max_score"] for row in report["tests"]) == gradebook.maximum
    assert report["score"] == 0


def test_rows_have_what_gradescope_shows(gradebook):
    test = gradebook.tests[0]
    gradebook.record(test.number, Outcome(State.PARTIAL, score=0.5, finding="half", printed="hello\n", seconds=1.25))
    row = validated(gradebook)["tests"][0]
    assert row["number"] == test.number
    assert row["name"] == test.title
    assert (row["score"], row["max_score"], row["status"]) == (0.5, test.points, "failed")
    assert row["output"] == "half\n\nYour code printed:\nhello"
    assert row["extra_data"] == {"state": "partial", "seconds": 1.25}


def test_the_points_of_visible_tests_come_first(gradebook):
    gradebook.notes = ("Handed in on Monday.",)
    for test in gradebook.tests:
        gradebook.record(test.number, Outcome(State.PASSED, score=test.points))
    hidden = sum(test.points for test in gradebook.tests if test.hidden)
    assert hidden
    visible = f"{gradebook.maximum - hidden:g}"
    assert validated(gradebook)["output"].splitlines()[:2] == [
        f"Visible tests: {visible} of {visible} points.",
        "Handed in on Monday.",
    ]


def test_a_report_of_a_run_that_was_killed_says_so_in_its_first_line(gradebook):
    for test in gradebook.tests[:-3]:
        gradebook.record(test.number, Outcome(State.PASSED, score=test.points))
    first = validated(gradebook)["output"].splitlines()[0]
    assert first.endswith(" points. The run ended before 3 of the tests: tell the course staff, who will grade again.")


def test_where_all_tests_are_visible_or_none_was_graded_there_is_no_such_line(gradebook):
    visible = Gradebook("someone", seed=5, tests=tuple(test for test in gradebook.tests if not test.hidden))
    assert "Visible tests" not in validated(visible)["output"]
    assert "Visible tests" not in validated(not_graded("There is no module."))["output"]


def test_leaderboard_values_are_finite_or_left_out(gradebook):
    column = next(test for test in gradebook.tests if test.leaderboard)
    gradebook.record(column.number, Outcome(State.PASSED, score=1, leaderboard=0.4999))
    assert validated(gradebook)["leaderboard"] == [{"name": column.leaderboard, "value": 0.4999, "order": column.order}]
    gradebook.record(column.number, Outcome(State.PASSED, score=1, leaderboard=float("nan")))
    assert validated(gradebook)["leaderboard"] == []


def test_a_long_message_says_how_long_it_was(gradebook):
    gradebook.record("1.1a", Outcome(State.FAILED, finding="x" * 50_000))
    output = validated(gradebook)["tests"][0]["output"]
    assert len(output) == 10_000
    assert output.endswith("(50,000 characters in all, the rest is left out)")


def test_prints_are_cut_for_themselves(gradebook):
    gradebook.record("1.1a", Outcome(State.FAILED, finding="wrong", printed="y" * 50_000))
    output = validated(gradebook)["tests"][0]["output"]
    assert output.startswith("wrong\n\nYour code printed:\nyyy")
    assert "(50,000 characters in all" in output


def test_no_control_character_gets_out(gradebook):
    gradebook.submission = HOSTILE
    gradebook.record("1.1a", Outcome(State.FAILED, finding=HOSTILE, printed=HOSTILE, fault=HOSTILE))
    gradebook.faults.append(HOSTILE)
    for text in (json.dumps(validated(gradebook), ensure_ascii=False), render(gradebook)):
        assert not set(text) & set("\x1b\x07\u202e\udcff")
        assert "[bold]markup[/bold]" in text


def test_a_fault_is_a_row_and_undecided_points(gradebook):
    test = gradebook.tests[0]
    gradebook.record(test.number, Outcome(State.NOT_RUN, finding="a fault", fault="Traceback: it broke"))
    gradebook.faults.append("an internal error")
    report = validated(gradebook)
    assert report["tests"][0]["extra_data"]["fault"] == "Traceback: it broke"
    assert report["tests"][-1]["max_score"] == 0
    assert report["extra_data"]["undecided"] == test.points
    text = render(gradebook)
    assert "This is not your mistake" in " ".join(text.split())
    assert "it broke" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_table_fits_its_width(gradebook, width):
    gradebook.record("1.1a", Outcome(State.FAILED, finding="one sentence that is rather long " * 5))
    assert max(len(line.rstrip()) for line in render(gradebook, width).splitlines()) <= width


def test_a_hint_stands_below_a_traceback_however_long(gradebook):
    lines = [StackLine("quantization.py", 1, "quantize", "x = 1" * 100)] * 8
    gradebook.record("2.1a", Outcome(State.FAILED, finding="It raised.", location=lines, hints=["Take the CPU."]))
    assert "Hint: Take the CPU." in render(gradebook)


def test_the_table_says_where_to_start(gradebook):
    for test in gradebook.tests:
        gradebook.record(test.number, Outcome(State.NOT_IMPLEMENTED, finding="Not implemented yet: Part 2.1: quantize"))
    text = " ".join(render(gradebook).split())
    assert "Nothing is implemented yet. Start with part 1.1" in text
    assert f"0 / {gradebook.maximum:g}" in text


def test_the_first_hint_of_a_part_is_a_failure_before_a_stub(gradebook):
    gradebook.record("2.1a", Outcome(State.NOT_IMPLEMENTED, finding="a stub"))
    gradebook.record("2.1c", Outcome(State.FAILED, finding="something wrong"))
    text = render(gradebook)
    assert "something wrong" in text
    assert "a stub" not in text
    assert "Next: look at 2.1c." in text


def test_all_messages_are_shown_if_asked_for_and_else_counted(gradebook):
    for number, finding in (("2.1a", "first"), ("2.1b", "second"), ("2.1c", "second"), ("2.1g", "first")):
        gradebook.record(number, Outcome(State.FAILED, finding=finding))
    gradebook.record("2.1e", Outcome(State.NOT_IMPLEMENTED, finding="a stub"))
    text = render(gradebook, repeat=GRADE)
    assert "second" not in text
    assert "This shows one more message of a failed test: " in text
    assert "-m grader grade some/folder --all" in " ".join(text.split())
    assert "--all" not in render(gradebook)  # where there is no such option
    text = render(gradebook, every=True, repeat=GRADE)
    assert text.count("second") == 1
    assert "The same message as 2.1a." in text
    assert "The same message as 2.1b." in text
    assert "a stub" not in text
    assert "--all" not in text


def test_the_nearest_cause_is_shown_first_and_pointed_to(gradebook):
    gradebook.record("5.1i", Outcome(State.FAILED, finding="sequences"))
    gradebook.record("5.1j", Outcome(State.FAILED, finding="the mode"))
    gradebook.record("5.1r", Outcome(State.FAILED, finding="a plain list"))
    text = " ".join(render(gradebook, repeat=GRADE).split())
    assert "a plain list" in text
    assert "the mode" not in text
    assert "Next: look at 5.1r." in text
    text = " ".join(render(gradebook, every=True).split())
    assert text.index("a plain list") < text.index("sequences Hint: look at 5.1r first")
    gradebook.record("5.1r", Outcome(State.PASSED))
    assert "Hint: look at 5.1j first: what fails there may be the cause." in " ".join(
        render(gradebook, every=True).split()
    )


def test_a_cause_in_another_part_is_pointed_to(gradebook):
    gradebook.record("2.2a", Outcome(State.FAILED, finding="far too many values"))
    gradebook.record("2.1c", Outcome(State.FAILED, finding="the maximum became 0"))
    text = " ".join(render(gradebook).split())
    assert "far too many values Hint: look at 2.1c first" in text
    assert "Next: look at 2.1c." in text


def test_a_test_that_failed_at_the_lines_of_its_cause_does_not_point_to_it(gradebook):
    line = StackLine("quantization.py", 7, "quantize", "1 / 0")
    for number, finding in (("2.1c", "quantize(a) raised"), ("2.1d", "quantize(b) raised")):
        gradebook.record(number, Outcome(State.FAILED, finding=finding, location=[line]))
    assert "first: what fails there" not in render(gradebook, every=True)


def test_a_test_that_says_the_same_as_its_cause_does_not_point_to_it(gradebook):
    for number in ("2.1c", "2.1d"):
        gradebook.record(number, Outcome(State.FAILED, finding="quantize raised ValueError"))
    assert "first: what fails there" not in render(gradebook, every=True)


def test_nothing_is_left_out_where_all_say_the_same(gradebook):
    for number in ("2.1a", "2.1b"):
        gradebook.record(number, Outcome(State.FAILED, finding="the same"))
    assert "--all" not in render(gradebook, repeat=GRADE)


def test_only_what_was_selected_is_shown(gradebook):
    gradebook.select(["6.1a"])
    gradebook.record("6.1a", Outcome(State.PASSED, score=2))
    text = render(gradebook)
    assert "Quantize" not in text
    assert "2 / 2" in text
    assert "Everything that was graded here passed" in text


def test_a_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "results.json"
    write_atomically(path, "one")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "two \udcff")
    assert path.read_text() == "one"
    assert [one.name for one in tmp_path.iterdir()] == ["results.json"]


def test_the_page_has_every_test_and_its_message_in_one_file(gradebook):
    test = gradebook.tests[3]
    gradebook.record(test.number, Outcome(State.FAILED, finding="what was found", seconds=1.2))
    page = html.render(gradebook)
    for one in gradebook.tests:
        assert page.count(f'<span class="number">{one.number}</span>') == 1
    assert "what was found" in page
    assert f"0 <small>of {gradebook.maximum:g} points" in page
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", page), "the page needs nothing but itself"
    assert "@import" not in page


def test_on_the_page_hints_and_prints_stand_apart_from_what_was_found(gradebook):
    outcome = Outcome(State.FAILED, finding="It is 2, expected 1.", hints=["Round <first>."], printed="so far\n")
    gradebook.record("2.1a", outcome)
    page = html.render(gradebook)
    assert "<pre>It is 2, expected 1.</pre>" in page
    assert '<p class="hint"><b>Hint:</b> Round &lt;first&gt;.</p>' in page
    assert "<summary>Your code printed this</summary>\n<pre>so far</pre>" in page


def test_the_page_can_show_failed_tests_only_if_there_are_some(gradebook):
    assert "<input" not in html.render(gradebook)
    gradebook.record("2.1a", Outcome(State.FAILED, finding="It is 2."))
    assert html.render(gradebook).count('<input type="checkbox" id="only-failed">') == 1


def test_only_in_a_students_copy_missing_points_belong_to_hidden_tests(gradebook):
    """In the staff's, the manifest and the suites contradict each other."""
    hidden = sum(test.points for test in gradebook.tests if test.hidden)
    assert Gradebook("someone", seed=5, tests=gradebook.tests[1:]).decided_later == hidden


def test_the_page_says_how_many_points_are_decided_later(gradebook, monkeypatch):
    monkeypatch.setattr("harness.gradebook.EDITION", "students")
    hidden = sum(test.points for test in gradebook.tests if test.hidden)
    assert hidden
    handed_out = Gradebook("someone", seed=5, tests=tuple(test for test in gradebook.tests if not test.hidden))
    for one in (gradebook, handed_out):  # the students' copy of the suites goes without the hidden ones
        assert one.decided_later == hidden
        assert f"{hidden:g} of the 203 automatic points" in " ".join(html.render(one).split())
        assert f"{hidden:g} point of the 203" in render(one)
        assert f"{hidden:g} point is decided" in gradescope.render(one)["output"]
        assert gradescope.render(one)["extra_data"]["decided_later"] == hidden


def test_the_page_is_harmless_whatever_a_student_printed(gradebook):
    gradebook.record(gradebook.tests[0].number, Outcome(State.FAILED, finding=HOSTILE, printed=HOSTILE))
    hostile = Gradebook(HOSTILE, seed=5)
    for page in (html.render(gradebook), html.render(hostile)):
        assert "<script" not in page
        assert "\x1b" not in page
        page.encode("utf-8")


@pytest.mark.parametrize("kind", ["heat maps", "histograms", "bars"])
def test_pictures_are_drawn_into_the_page(gradebook, kind):
    values = [[0.0, 1.0, -1.0, float("nan")], [2.0, 3.0, float("inf"), 0.0]]
    panels = [Panel("one", values, [True, False, False, False]), Panel("two", values)]
    pictures = [Picture("what it shows", kind, panels, x="x", y="y")]
    gradebook.record(gradebook.tests[0].number, Outcome(State.PASSED, score=1, pictures=pictures))
    page = html.render(gradebook)
    assert page.count("data:image/png;base64,") == 1
    assert "what it shows" in page


@pytest.mark.parametrize(
    ("kind", "values"), [("histograms", [[1e16, 1e16 + 2]]), ("histograms", [[1.5e308, -1.5e308]]), ("heat maps", [])]
)
def test_a_picture_that_cannot_be_drawn_is_left_out(gradebook, kind, values):
    pictures = [Picture("what it shows", kind, [Panel("one", values)])]
    gradebook.record(gradebook.tests[0].number, Outcome(State.PASSED, score=1, pictures=pictures))
    assert "what it shows" not in html.render(gradebook)
