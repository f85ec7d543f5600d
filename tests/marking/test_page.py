"""The marking page: what markers see, and what becomes of what they save."""

from __future__ import annotations

import csv
import html
import io
import json
import re

import msgspec
import pytest

from harness.classroom.marking import Saved
from harness.classroom.review.agreement import kappa
from harness.classroom.review.names import code_names, in_sample, next_answer, order
from harness.facts import Fact
from harness.problem import problem
from tests.marking.sample import png, write_sample

QUESTIONS = [question.id for question in problem().question]


# ---- who sees what, in which order ---------------------------------------------------------------------------------


def test_code_names_stay_when_submissions_are_added():
    few = code_names(f"s{number}" for number in range(50))
    many = code_names(f"s{number}" for number in range(60))
    assert len(set(many.values())) == 60
    assert sum(few[id] == many[id] for id in few) >= 49  # two may have wanted the same name


def test_each_marker_has_an_order_of_their_own_which_stays():
    ids = [f"s{number}" for number in range(30)]
    assert order("Ada", "1.1", ids) == order("Ada", "1.1", reversed(ids))
    assert order("Ada", "1.1", ids) != order("Alan", "1.1", ids)
    assert order("Ada", "1.1", ids) != order("Ada", "1.2", ids)


def test_about_the_asked_share_is_marked_twice():
    chosen = sum(in_sample("1.1", f"s{number}", 10) for number in range(2000))
    assert 150 < chosen < 250  # 200 are expected, with a deviation of 13


def test_two_markers_get_different_answers(context, browser):
    first = browser("Ada").get("/next/1.1").url.path
    assert browser("Alan").get("/next/1.1").url.path != first


def test_names_are_not_shown_before_they_are_asked_for(browser, path_of, context):
    ada = browser("Ada")
    page = ada.read(path_of("s0"))
    assert "Ada Lovelace" not in page
    assert not re.search(r"(?<![\w-])s0(?![\w-])", page)  # random letters of a token may hold these two
    ada.post(f"/submission/{context.material.submissions['s0'].code}/reveal", question="1.1")
    assert "Ada Lovelace" in ada.read(path_of("s0"))
    assert "Ada Lovelace" not in browser("Alan").read(path_of("s0"))
    (event,) = [event for event in context.store.events("s0") if event.kind.value == "name shown"]
    assert event.who == "Ada"


def test_a_name_in_the_answer_is_hidden(tmp_path, context, browser, path_of, grades):
    write_sample(grades, 12, {"s0": {"1.1": "As I, ada lovelace (800000), have shown."}})
    page = browser("Alan").read(path_of("s0"))
    assert "As I, ▒▒▒ (▒▒▒), have shown." in page


def test_a_name_in_a_request_is_hidden(browser, path_of, context):
    context.store.request("Ada", "s0", "1.1", "Please look again. Yours, Ada Lovelace")
    alan = browser("Alan")
    for path in ("/requests", path_of("s0"), f"/submission/{context.material.submissions['s0'].code}"):
        page = alan.read(path)
        assert "Please look again. Yours, ▒▒▒" in page
        assert "Lovelace" not in page


# ---- marking -------------------------------------------------------------------------------------------------------


def test_a_saved_mark_counts_and_the_next_answer_comes(browser, path_of, marks):
    ada = browser("Ada")
    response = ada.mark(
        path_of("s0"),
        item=["1.1/1", "1.1/2"],
        adjustment="-0,5",
        adjustment_reason="No axes.",
        comment="Good.\r\nReally.",
        flag="1",
    )
    assert response.status_code == 303
    assert response.headers["location"].startswith("/next/1.1?behind=")
    mark = marks().mark("s0", "1.1")
    assert (mark.points, mark.by, mark.comment, mark.flag) == (1.5, "Ada", "Good.\nReally.", True)
    page = ada.read(response.headers["location"])
    assert "Saved:" in page
    assert "1.5 points" in page


def test_what_was_saved_can_be_undone(browser, path_of, marks):
    ada = browser("Ada")
    ada.mark(path_of("s0"), item="1.1/1")
    event = marks().mark("s0", "1.1").version
    assert ada.post("/undo", event=event).headers["location"].startswith(path_of("s0"))
    assert marks().mark("s0", "1.1") is None
    assert browser("Alan").post("/undo", event=event).status_code == 422


def test_an_adjustment_without_a_reason_is_said_and_nothing_of_the_form_is_lost(browser, path_of, marks):
    response = browser("Ada").mark(path_of("s0"), item="1.1/2", adjustment="1", comment="Kept.")
    assert response.status_code == 422
    assert "An adjustment needs a reason" in response.text
    assert "Kept.</textarea>" in response.text
    assert 'value="1.1/2" data-points="1.0" checked' in response.text
    assert marks().mark("s0", "1.1") is None


@pytest.mark.parametrize("text", ["half", "nan", "inf", "1e99"])
def test_an_adjustment_that_is_no_number_is_said(browser, path_of, text):
    response = browser("Ada").mark(path_of("s0"), adjustment=text, adjustment_reason="x")
    assert response.status_code == 422
    assert "number" in response.text


def test_a_conflict_shows_both_versions_and_either_can_be_saved(browser, path_of, marks):
    ada, alan = browser("Ada"), browser("Alan")
    path = path_of("s0")
    stale = ada.fields(ada.read(path).partition('id="mark"')[2])
    alan.mark(path, item="1.1/1", comment="Alan's words")
    response = ada.post(path, **{**stale, "item": ["1.1/2", "1.1/3"], "comment": "Ada's words", "go": "next"})
    assert response.status_code == 409
    assert "Alan&#39;s words" in response.text
    assert "Ada&#39;s words" in response.text
    assert marks().mark("s0", "1.1").by == "Alan"
    again = ada.fields(response.text) | {"item": ["1.1/2", "1.1/3"], "comment": "Ada's words"}
    assert ada.post(path, **again).status_code == 303
    assert (marks().mark("s0", "1.1").by, marks().points("s0", "1.1")) == ("Ada", 2)


def test_an_answer_that_somebody_has_is_shown_as_taken(browser, path_of):
    browser("Ada").read(path_of("s0"))
    alan = browser("Alan")
    assert "Ada has this answer before them" in alan.read(path_of("s0"))
    alan.post(path_of("s0").replace("/mark/", "/take/"))
    assert "has this answer" not in alan.read(path_of("s0"))
    assert "Alan has this answer" in browser("Ada").read(path_of("s0"))


def test_a_mark_of_a_text_that_has_changed_since_is_flagged(browser, path_of, grades):
    ada = browser("Ada")
    ada.mark(path_of("s0"), item="1.1/1")
    ada.mark(path_of("s0", "3.2"), item="3.2/1")
    assert "changed since" not in ada.read("/progress")
    write_sample(grades, 12, {"s0": {"1.1": "Another text."}})
    (grades / "work" / "s0" / "results" / "3.2" / "accuracy.png").write_bytes(png(10, 10))
    assert ada.read("/progress").count("1 changed since") == 2
    assert "The answer has changed since it was marked" in ada.read(path_of("s0"))


def test_comments_are_kept_for_further_use(browser, path_of, marks):
    ada = browser("Ada")
    response = ada.mark(path_of("s0"), item="1.1/1", comment="See <b>lecture 3</b>.", keep="1")
    assert response.status_code == 200
    assert marks().mark("s0", "1.1") is None  # only the comment is saved
    assert 'data-insert="See &lt;b&gt;lecture 3&lt;/b&gt;."' in browser("Alan").read(path_of("s1"))
    ((id, _),) = marks().snippets("1.1").items()
    ada.mark(path_of("s0"), drop=id)
    assert marks().snippets("1.1") == {}


# ---- what stands beside it -----------------------------------------------------------------------------------------


def test_numbers_are_held_against_facts(browser, path_of, grades):
    text = "The test accuracy at learning rate 0.1 is 71.2 %. The test accuracy at learning rate 0.01 is 60.0 %."
    write_sample(grades, 12, {"s0": {"1.1": text}})
    page = browser("Ada").read(path_of("s0"))
    assert (
        '<mark class="agrees" title="agrees: test accuracy at learning rate 0.1: 71.2\u00a0%" tabindex="0">71.2' in page
    )
    assert '<mark class="contradicts"' in page
    assert "≠ answer: 60.0" in page


def test_a_quick_run_contradicts_nothing_and_values_keep_their_digits(browser, path_of, grades):
    write_sample(grades, 12, {"s0": {"1.1": "The test accuracy at learning rate 0.01 is 60.0 %."}})
    facts = [
        Fact("1.1", "test accuracy at learning rate 0.01", 52.3, "%", "record", 0.05),
        Fact("1.1", "profile of the experiments", "quick"),
        Fact("1.1", "factor", 3.9965, "×", "measured"),
        Fact("1.1", "epochs", 1, "epochs"),
    ]
    (grades / "work" / "s0" / "facts.json").write_bytes(msgspec.json.encode(facts))
    page = browser("Ada").read(path_of("s0"))
    assert '<mark class="incomparable"' in page
    assert '<mark class="contradicts"' not in page
    assert "not comparable" in page
    assert "3.997\u00a0×" in page
    assert "1\u00a0epoch<" in page
    assert page.count("From the student&#39;s record</th>") == 1


def test_pictures_in_an_answer_are_found_or_said_to_be_missing(browser, path_of, grades, context):
    text = "![curves](results/1.1/accuracy.png) and ![more](../results/1.1/accuracy.png) and ![no](gone.png)"
    write_sample(grades, 12, {"s0": {"1.1": text}})
    ada = browser("Ada")
    page = ada.read(path_of("s0"))
    address = f"/picture/{context.material.submissions['s0'].code}/results/1.1/accuracy.png"
    assert page.count(f'<img src="{address}" alt="curves"') == 1
    assert page.count(f'<img src="{address}" alt="more"') == 1
    assert "[picture not found: gone.png]" in page
    assert ada.get(address).headers["content-type"] == "image/png"
    assert "The submission has no PDF." in page
    assert "has no figure for 1.1" not in page
    assert "The submission has no figure for 1.1." in ada.read(path_of("s4"))


def test_the_place_where_an_answer_goes_over_the_limit_is_marked(browser, path_of, grades):
    write_sample(grades, 12, {"s0": {"1.1": " ".join(f"word{number}" for number in range(1, 104))}})
    page = browser("Ada").read(path_of("s0"))
    assert "103 of 100 words" in page
    assert 'word100 <span class="over">word101 word102 word103</span>' in page


def test_a_request_about_a_test_leads_to_its_override(browser, context, marks):
    ada = browser("Ada")
    page = ada.post("/requests", pasted="ID,question,text\ns0,1.1a,My code is right.\ns0,9.9z,x\n").text
    assert "Added: 1. There already: 0." in page
    assert "9.9z is neither a question nor a test: use one of 1.1, " in html.unescape(page)
    assert f"/submission/{context.material.submissions['s0'].code}#test-1.1a" in page
    assert [one.question for one in marks().regrades("s0")] == ["1.1a"]


def test_a_test_without_results_says_so(browser, path_of, grades):
    path = grades / "reports" / "s0.json"
    report = json.loads(path.read_text())
    for row in report["tests"]:
        row["extra_data"] |= {"state": "not implemented", "reason": "no results"}
    path.write_text(json.dumps(report))
    page = browser("Ada").read(path_of("s0"))
    assert "No results yet" in page
    assert "Not implemented" not in page


def test_verdicts_of_the_part_and_figures_are_shown(browser, path_of):
    page = browser("Ada").read(path_of("s0"))
    assert "<b>1.1a</b>" in page
    assert "<b>1.2a</b>" not in page
    assert "results/1.1/accuracy.png" in page


def test_nothing_written_is_said_and_all_empty_answers_get_nothing_in_one_step(browser, path_of, marks, context):
    ada = browser("Ada")
    assert "Nothing was written." in ada.read(path_of("s4"))
    ada.mark(path_of("s9"), item="1.1/1")  # which is empty, and somebody has seen something in it
    assert "For 1 submission there is nothing to mark" in ada.read("/question/1.1")
    ada.post("/question/1.1/empty")
    assert [marks().points(id, "1.1") for id in ("s0", "s4", "s9")] == [None, 0, 1]
    assert marks().mark("s4", "1.1").comment.startswith("The submission has nothing")


def test_a_pdf_alone_is_not_nothing(browser, path_of, grades):
    (grades / "work" / "s4").mkdir(exist_ok=True)
    (grades / "work" / "s4" / "writeup.pdf").write_bytes(b"%PDF-1.4\n")
    page = browser("Ada").read(path_of("s4"))
    assert "No text was written; there is a PDF" in page
    assert "For 1 submission there is nothing to mark" in browser("Ada").read("/question/1.1")


# ---- rubric, overrides, requests -----------------------------------------------------------------------------------


def test_a_changed_item_shows_whom_it_changes_then_changes_all(browser, path_of, marks, context):
    ada = browser("Ada")
    for id in ("s0", "s1"):
        ada.mark(path_of(id), item="1.1/1")
    version = context.store.version_of_item("1.1", "1.1/1")
    change = {"item": "1.1/1", "points": "0.5", "text": "Some curves.", "note": "", "version": version}
    page = ada.post("/rubric/1.1", **change)
    assert "This changes 2 marks" in page.text
    assert marks().points("s0", "1.1") == 1
    assert ada.post("/rubric/1.1", confirmed="1", **change).status_code == 303
    assert [marks().points(id, "1.1") for id in ("s0", "s1")] == [0.5, 0.5]


def test_an_override_is_shown_with_its_reason_and_its_limits(browser, context, marks):
    ada = browser("Ada")
    code = context.material.submissions["s0"].code
    refused = ada.post(f"/submission/{code}/override", test="1.1a", score="99", reason="x", version=0)
    assert refused.status_code == 422
    assert ada.post(f"/submission/{code}/override", test="1.1a", score="1", reason="", version=0).status_code == 422
    ada.post(f"/submission/{code}/override", test="1.1a", score="1", reason="A typo of ours.", version=0)
    assert marks().overrides("s0")["1.1a"].score == 1
    assert "A typo of ours." in ada.read(f"/submission/{code}")
    version = marks().overrides("s0")["1.1a"].version
    ada.post(f"/submission/{code}/override", test="1.1a", back_to_grader="1", reason="No.", version=version)
    assert marks().overrides("s0") == {}


def test_regrade_requests_become_a_queue(browser, path_of, marks):
    ada = browser("Ada")
    ada.mark(path_of("s0"), item="1.1/1")
    rows = ("ID,question,text", 's0,1.1,"I did, see the figure."', "student1@example.edu,1.2,Please", "nobody,1.1,x")
    table = "\n".join([*rows, "s1,7.7,x"])
    page = ada.post("/requests", pasted=table)
    assert "Added: 2. There already: 0." in page.text
    assert "Row 4: nobody is neither a submission" in page.text
    assert "Row 5: 7.7 is neither a question nor a test" in page.text
    assert "Added: 0. There already: 2." in ada.post("/requests", pasted=table).text
    (regrade,) = marks().regrades("s0")
    assert regrade.before == 1
    assert "I did, see the figure." in ada.read(path_of("s0"))
    ada.post(f"/requests/{regrade.id}", outcome="kept", reason="The figure shows something else.")
    assert marks().regrades("s0")[0].outcome == "kept"


# ---- several markers, publishing, the table ------------------------------------------------------------------------


def test_cohens_kappa():
    # 20 and 15 agreements of 50, 25 and 20 yes: 0.7 observed, 0.5 by chance (the usual textbook table)
    pairs = [(1.0, 1.0)] * 20 + [(1.0, 0.0)] * 5 + [(0.0, 1.0)] * 10 + [(0.0, 0.0)] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([]) is None
    assert kappa([(1.0, 1.0)]) is None


def test_a_sample_is_marked_twice_and_the_agreement_shows(browser, context, marks):
    ada, alan = browser("Ada"), browser("Alan")
    ada.post("/sharing", percent="100")
    ids = list(context.material.submissions)
    context.store.save_all("Ada", "1.1", {id: Saved(("1.1/1",)) for id in ids})
    assert "Second mark (12)" in alan.read("/progress")
    assert "Second mark" not in ada.read("/progress")
    page = alan.get("/next/1.1")
    assert "second marker" in page.text
    assert "Saved by Ada" not in page.text  # nor what the first marker chose
    fields = alan.fields(page.text.partition('id="mark"')[2])
    alan.post(page.url.path, **{**fields, "item": ["1.1/1", "1.1/2"]})
    assert next_answer(marks(), "Ada", "1.1", ids, context.store._now()) is None
    assert ">+1.00<" in ada.read("/sharing")
    assert marks().points(context.material.by_code[page.url.path.rpartition("/")[2]].id, "1.1") == 1


def test_questions_are_shared_out(browser, marks):
    ada = browser("Ada")
    ada.post("/sharing", percent="0", **{"share 1.1": ["Alan", "Eve"], "share 1.2": "Ada"})
    assert (marks().share("1.1"), marks().share("1.2"), marks().share("2.1")) == (("Alan",), ("Ada",), ())
    assert ">Mark 1.2<" in ada.read("/progress")
    assert ">Mark 1.1<" in browser("Alan").read("/progress")


def test_publishing_locks(browser, path_of, marks):
    ada = browser("Ada")
    ada.mark(path_of("s0"), item="1.1/1")
    assert ada.post("/publish").status_code == 422  # nearly nothing is marked
    assert ada.post("/publish", all_the_same="1").status_code == 303
    response = ada.mark(path_of("s0"), item="1.1/2")
    assert response.status_code == 422
    assert "needs a reason" in response.text
    ada.mark(path_of("s0"), item=["1.1/1", "1.1/2"], reason="A curve was overlooked.")
    assert "A curve was overlooked." in ada.read("/publish")
    assert [change.after for change in marks().changes_since_publication("s0")] == [2]


def test_an_answer_without_a_mark_is_not_locked(browser, path_of, marks):
    ada = browser("Ada")
    ada.mark(path_of("s0"), item="1.1/1")
    ada.post("/publish", all_the_same="1")
    required = 'name="reason" required'
    assert (required in ada.read(path_of("s0")), required in ada.read(path_of("s1"))) == (True, False)
    assert ada.mark(path_of("s1"), item="1.1/1").status_code == 303
    assert marks().changes_since_publication() == []


def test_the_table_has_all_marks_and_no_formula(browser, path_of, context):
    ada = browser("Ada")
    ada.mark(path_of("s0"), item="1.1/1", comment="=cmd|' /C calc'!A0")
    text = ada.post("/export.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 12 * len(QUESTIONS)
    row = next(row for row in rows if (row["Submission"], row["Question"]) == ("s0", "1.1"))
    assert (row["Points"], row["Of"], row["By"]) == ("1", "4", "Ada")
    assert row["Comment"] == "'=cmd|' /C calc'!A0"
    assert any(event.reason.startswith("the table") for event in context.store.events())


def test_the_history_tells_what_happened(browser, path_of, context):
    ada = browser("Ada")
    ada.mark(path_of("s0"), item="1.1/1", comment="First.")
    ada.mark(path_of("s0"), item="1.1/2", comment="Second.")
    page = ada.read(f"/submission/{context.material.submissions['s0'].code}")
    assert "1 point: item 1, “First.” → 1 point: item 2, “Second.”" in page


def test_the_history_has_the_points_of_its_time(browser, path_of, context):
    ada = browser("Ada")
    ada.mark(path_of("s0"), item="1.1/1")
    change = {
        "item": "1.1/1",
        "points": "0.5",
        "text": "Some.",
        "version": context.store.version_of_item("1.1", "1.1/1"),
    }
    ada.post("/rubric/1.1", confirmed="1", **change)
    ada.mark(path_of("s0"), item=["1.1/1", "1.1/2"])
    page = ada.read(f"/submission/{context.material.submissions['s0'].code}")
    assert ">1 point: item 1<" in page
    assert "→ 1.5 points: items 1, 2<" in page


def test_a_change_of_text_alone_changes_no_points(browser, path_of, context):
    ada = browser("Ada")
    ada.mark(path_of("s0"), item="1.1/1")
    change = {"item": "1.1/1", "points": "1", "text": "New.", "version": context.store.version_of_item("1.1", "1.1/1")}
    assert "No points change; 1 answer shows the new text." in ada.post("/rubric/1.1", **change).text
    response = ada.post("/rubric/1.1", confirmed="1", **change)
    assert "Saved. 1 answer has the new item." in ada.read(response.headers["location"])


def test_browsers_that_ask_for_an_icon_get_an_empty_answer(browser):
    assert browser("Ada").get("/favicon.ico").status_code == 204
