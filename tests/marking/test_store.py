"""Marks: nothing that was confirmed is lost, nobody saves over what they have not read, and all of it can be undone."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from harness import ROOT
from harness.classroom.marking import Conflict, Item, Kind, MarkError, Marks, MarkStore, ReasonMissing, Saved
from harness.problem import Question, RubricItem

QUESTION = Question(
    part="1.1",
    title="Why",
    points=4,
    items=(RubricItem(points=3, text="The reason is right."), RubricItem(points=1, text="A figure is shown.")),
)
OTHER = Question(part="1.2", title="How", points=2, items=(RubricItem(points=2, text="All of it."),))
BOTH = ("1.1/1", "1.1/2")


class Clock:
    """The time, which passes when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2025, 10, 1, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[MarkStore]:
    one = MarkStore(tmp_path, (QUESTION, OTHER), clock)
    yield one
    one.close()


# ---- what a mark is worth ------------------------------------------------------------------------------------------


def test_reading_a_folder_without_marks_makes_no_file(store, tmp_path):
    marks = store.state()
    assert marks.by_hand("a") == {"1.1": None, "1.2": None}
    assert [item.text for item in marks.rubric("1.1")] == ["The reason is right.", "A figure is shown."]
    assert list(tmp_path.iterdir()) == []


def test_points_are_the_items_and_the_adjustment(store):
    mark = store.save("Ada", "a", "1.1", Saved(("1.1/1",), -0.5, "One sign is wrong.", "Good."), 0)
    assert mark.points == 2.5
    assert [(item.points, item.text) for item in mark.items] == [(3, "The reason is right.")]
    assert (mark.by, mark.comment, mark.adjustment_reason) == ("Ada", "Good.", "One sign is wrong.")
    assert store.state().by_hand("a") == {"1.1": 2.5, "1.2": None}


@pytest.mark.parametrize(("items", "adjustment", "points"), [(BOTH, 3.0, 4.0), ((), -2.0, 0.0)])
def test_points_stay_between_zero_and_the_questions(store, items, adjustment, points):
    assert store.save("Ada", "a", "1.1", Saved(items, adjustment, "As said."), 0).points == points


@pytest.mark.parametrize(
    ("question", "saved", "said"),
    [
        ("1.1", Saved(adjustment=1), "needs a reason"),
        ("1.1", Saved(adjustment=float("nan"), adjustment_reason="x"), "number from -4 to 4"),
        ("1.1", Saved(("1.2/1",)), "no item"),
        ("1.1", Saved(comment="x" * 10_001), "at most 10,000"),
        ("9.9", Saved(), "no question"),
    ],
)
def test_what_can_be_no_mark_is_refused_with_a_sentence(store, question, saved, said):
    with pytest.raises(MarkError, match=said):
        store.save("Ada", "a", question, saved, 0)
    assert store.events("a") == []


def test_the_mark_says_what_text_it_is_about(store):
    assert store.save("Ada", "a", "1.1", Saved(digest="abc"), 0).digest == "abc"


# ---- the table -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE events SET who = 'Eve'", "never changed"),
        ("DELETE FROM events", "never deleted"),
        ("INSERT OR REPLACE INTO events SELECT * FROM events WHERE id = 1", "never replaced"),
    ],
)
def test_events_are_only_added(store, statement, said):
    store.save("Ada", "a", "1.1", Saved(), 0)
    with sqlite3.connect(store.path) as other, pytest.raises(sqlite3.IntegrityError, match=said):
        other.execute(statement)


def test_another_store_derives_the_same_state(store, tmp_path, clock):
    store.save("Ada", "a", "1.1", Saved(("1.1/1",)), 0)
    store.override("Ada", "a", "1.1a", 1.5, 0, "Rounding.")
    other = MarkStore(tmp_path, (QUESTION, OTHER), clock).state()
    assert other.mark("a", "1.1") == store.state().mark("a", "1.1")
    assert other.overrides("a") == store.state().overrides("a")


def test_states_don_t_change_when_events_are_added(store):
    before = store.state()
    store.save("Ada", "a", "1.1", Saved(), 0)
    assert before.mark("a", "1.1") is None
    assert store.state().mark("a", "1.1") is not None


def test_one_event_at_a_time_gives_what_all_at_once_give(store):
    _much(store)
    events = store.events()
    questions = {"1.1": QUESTION, "1.2": OTHER}
    at_once, stepwise = Marks(questions).after(events), Marks(questions)
    for event in events:
        stepwise = stepwise.after([event])
    for submission in ("a", "b"):
        assert at_once.by_hand(submission) == stepwise.by_hand(submission)
        assert at_once.changes_since_publication(submission) == stepwise.changes_since_publication(submission)


def test_marks_are_nobody_elses_business(store):
    store.save("Ada", "a", "1.1", Saved(), 0)
    assert store.path.stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "marks.sqlite").write_text("no database at all " * 100)
    with pytest.raises(MarkError, match="replace it with a copy"):
        MarkStore(tmp_path, (QUESTION,)).state()


# ---- several markers -----------------------------------------------------------------------------------------------


def test_a_save_over_what_was_not_read_is_a_conflict(store):
    version = store.save("Ada", "a", "1.1", Saved(("1.1/1",), comment="Ada's"), 0).version
    with pytest.raises(Conflict) as caught:
        store.save("Alan", "a", "1.1", Saved(BOTH), 0)
    assert caught.value.theirs is not None
    assert (caught.value.theirs.who, caught.value.version) == ("Ada", version)
    assert store.save("Alan", "a", "1.1", Saved(BOTH), version).by == "Alan"


def test_a_claim_lasts_ten_minutes(store, clock):
    assert store.claim("Ada", "a", "1.1").by == "Ada"
    clock.now += timedelta(minutes=9)
    assert store.claim("Alan", "a", "1.1").by == "Ada"
    clock.now += timedelta(minutes=2)
    assert store.claim("Alan", "a", "1.1").by == "Alan"


def test_a_claim_can_be_taken_over_and_ends_with_a_save(store, clock):
    store.claim("Ada", "a", "1.1")
    assert store.claim("Alan", "a", "1.1", take_over=True).by == "Alan"
    store.save("Alan", "a", "1.1", Saved(), 0)
    assert store.state().claim("a", "1.1", clock.now) is None


def test_a_second_mark_stands_beside_the_first(store):
    store.save("Ada", "a", "1.1", Saved(BOTH), 0)
    store.save("Alan", "a", "1.1", Saved(("1.1/1",)), 0, second=True)
    marks = store.state()
    second = marks.mark("a", "1.1", second=True)
    assert second is not None
    assert (marks.points("a", "1.1"), second.points) == (4, 3)


@pytest.mark.slow
def test_five_processes_at_once_lose_nothing_and_conflicts_show(tmp_path):
    said = _in_processes("writers", tmp_path, 5, 20)
    assert said == "120 saved, 80 conflicts"  # 5 × 20 of their own, and of 5 × 20 shared ones one each


@pytest.mark.slow
def test_nothing_confirmed_is_lost_in_200_kills(tmp_path):
    said = _in_processes("kills", tmp_path, 200)
    assert said.startswith("200 kills, ")
    assert said.endswith(" 0 lost")


# ---- undo ----------------------------------------------------------------------------------------------------------


def test_undo_brings_the_mark_before_back(store):
    first = store.save("Ada", "a", "1.1", Saved(("1.1/1",)), 0)
    store.save("Ada", "a", "1.1", Saved(BOTH), first.version)
    last = store.last_undoable("Ada")
    assert last is not None
    store.undo("Ada", last.id)
    mark = store.state().mark("a", "1.1")
    assert mark is not None
    assert mark.points == 3
    assert mark.version > first.version  # who has read the one that was undone meets a conflict
    before = store.last_undoable("Ada")
    assert before is not None
    store.undo("Ada", before.id)
    assert store.state().mark("a", "1.1") is None
    assert [event.kind for event in store.events("a")] == [Kind.MARK, Kind.MARK, Kind.UNDO, Kind.UNDO]


def test_only_one_s_own_last_word_can_be_undone(store):
    mine = store.save("Ada", "a", "1.1", Saved(), 0)
    with pytest.raises(MarkError, match="yourself"):
        store.undo("Alan", mine.version)
    store.save("Alan", "a", "1.1", Saved(BOTH), mine.version)
    with pytest.raises(MarkError, match="since"):
        store.undo("Ada", mine.version)


# ---- rubric, overrides, requests -----------------------------------------------------------------------------------


def test_a_changed_item_changes_all_who_have_it(store):
    for submission in ("a", "b"):
        store.save("Ada", submission, "1.1", Saved(("1.1/1",)), 0)
    store.save("Ada", "c", "1.1", Saved(("1.1/2",)), 0)
    version = store.version_of_item("1.1", "1.1/1")
    affected = store.change_item("Ada", "1.1", Item("1.1/1", 2, "The reason is nearly right."), version)
    marks = store.state()
    assert sorted(affected) == ["a", "b"]
    assert [marks.points(submission, "1.1") for submission in "abc"] == [2, 2, 1]
    with pytest.raises(Conflict):
        store.change_item("Alan", "1.1", Item("1.1/1", 1, "Else."), version)


def test_an_item_can_be_changed_before_anything_else_was_saved(store):
    version = store.version_of_item("1.1", "1.1/1")
    store.change_item("Ada", "1.1", Item("1.1/1", 2, "Other."), version)
    assert store.state().rubric("1.1")[0].text == "Other."


def test_a_new_item_and_a_removed_one(store):
    store.save("Ada", "a", "1.1", Saved(("1.1/1",)), 0)
    new = Item(store.state().new_item_id("1.1"), -1, "The axes have no names.")
    store.change_item("Ada", "1.1", new, 0)
    version = store.version_of_item("1.1", "1.1/1")
    store.change_item("Ada", "1.1", Item("1.1/1", 3, "The reason is right.", removed=True), version)
    marks = store.state()
    assert [item.text for item in marks.rubric("1.1")] == ["A figure is shown.", "The axes have no names."]
    assert marks.points("a", "1.1") == 0


def test_an_override_needs_a_reason_and_can_be_taken_back(store):
    with pytest.raises(ReasonMissing):
        store.override("Ada", "a", "1.1a", 2, 0, " ")
    store.override("Ada", "a", "1.1a", 2, 0, "The test was too strict.")
    override = store.state().overrides("a")["1.1a"]
    assert (override.score, override.reason, override.by) == (2, "The test was too strict.", "Ada")
    store.override("Ada", "a", "1.1a", None, override.version, "It wasn't.")
    assert store.state().overrides("a") == {}


def test_a_request_has_the_points_of_its_time_and_gets_an_answer(store):
    mark = store.save("Ada", "a", "1.1", Saved(("1.1/1",)), 0)
    request = store.request("Ada", "a", "1.1", "I did show a figure.")
    assert request is not None
    assert store.request("Ada", "a", "1.1", "I did show a figure.") is None  # the same file, imported again
    store.save("Ada", "a", "1.1", Saved(BOTH), mark.version)
    store.decide("Ada", request, "changed", "So you did.")
    (regrade,) = store.state().regrades("a")
    assert (regrade.before, regrade.outcome, regrade.reason, regrade.by) == (3, "changed", "So you did.", "Ada")
    with pytest.raises(MarkError, match="already"):
        store.decide("Ada", request, "kept", "No.")


# ---- publish -------------------------------------------------------------------------------------------------------


def test_after_publication_each_change_needs_a_reason_and_is_listed(store):
    mark = store.save("Ada", "a", "1.1", Saved(("1.1/1",)), 0)
    store.publish("Ada")
    assert store.state().published_at is not None
    with pytest.raises(ReasonMissing):
        store.save("Ada", "a", "1.1", Saved(BOTH), mark.version)
    with pytest.raises(ReasonMissing):
        store.undo("Ada", mark.version)
    version = store.version_of_item("1.1", "1.1/1")
    with pytest.raises(ReasonMissing):
        store.change_item("Ada", "1.1", Item("1.1/1", 1, "Less."), version)
    assert store.state().changes_since_publication("a") == []
    store.save("Ada", "a", "1.1", Saved(BOTH), mark.version, "The figure was overlooked.")
    store.change_item("Alan", "1.1", Item("1.1/1", 1, "Less."), version, "Too generous.")
    store.override("Ada", "a", "1.1a", 2, 0, "Rounding.")
    changes = store.state().changes_since_publication("a")
    assert [(one.question, one.before, one.after, one.reason, one.by) for one in changes] == [
        ("1.1", 3, 4, "The figure was overlooked.", "Ada"),
        ("1.1", 4, 2, "Too generous.", "Alan"),
        ("1.1a", None, 2, "Rounding.", "Ada"),
    ]


def test_a_first_mark_after_publication_needs_no_reason_and_is_no_change(store):
    store.publish("Ada")
    mark = store.save("Ada", "a", "1.1", Saved(BOTH), 0)
    assert store.save_all("Ada", "1.1", {"b": Saved()}) == ["b"]
    assert store.state().changes_since_publication() == []
    with pytest.raises(ReasonMissing):  # a later change is one
        store.save("Ada", "a", "1.1", Saved(), mark.version)
    with pytest.raises(ReasonMissing):
        store.undo("Ada", mark.version)
    store.undo("Ada", mark.version, "It was another student's.")
    assert [(one.before, one.after) for one in store.state().changes_since_publication()] == [(4, None)]
    with pytest.raises(ReasonMissing):  # the answer had a mark before
        store.save("Ada", "a", "1.1", Saved(BOTH), store.state().version((Kind.MARK, "a", "1.1")))


def test_marks_are_published_once(store):
    store.publish("Ada")
    with pytest.raises(MarkError, match="already"):
        store.publish("Alan")


def test_empty_answers_are_marked_in_one_step_and_others_stay(store):
    store.save("Ada", "a", "1.1", Saved(BOTH), 0)
    empty = Saved(comment="Nothing was written.")
    assert store.save_all("Alan", "1.1", {"a": empty, "b": empty}) == ["b"]
    assert [store.state().points(submission, "1.1") for submission in "ab"] == [4, 0]


def test_snippets_shares_and_the_sample_are_kept(store):
    store.keep_snippet("Ada", "1.1", "See the lecture.")
    store.keep_snippet("Alan", "1.1", "See the lecture.")
    store.share("Ada", "1.1", ("Ada", "Alan"))
    store.sample("Ada", 10)
    marks = store.state()
    ((id, text),) = marks.snippets("1.1").items()
    assert (text, marks.share("1.1"), marks.second_percent) == ("See the lecture.", ("Ada", "Alan"), 10)
    store.drop_snippet("Ada", "1.1", id)
    assert store.state().snippets("1.1") == {}


def _much(store: MarkStore) -> None:
    """A bit of everything."""
    steps: list[Callable[[], object]] = [
        lambda: store.save("Ada", "a", "1.1", Saved(("1.1/1",)), 0),
        lambda: store.save("Ada", "b", "1.2", Saved(("1.2/1",)), 0),
        lambda: store.publish("Ada"),
        lambda: store.change_item("Ada", "1.1", Item("1.1/1", 2, "Less."), _item(store), "Too much."),
        lambda: store.undo("Ada", store.state().version((Kind.MARK, "b", "1.2")), "A mistake."),
    ]
    for step in steps:
        step()


def _item(store: MarkStore) -> int:
    return store.version_of_item("1.1", "1.1/1")


def _in_processes(what: str, folder: Path, *numbers: int) -> str:
    command = [sys.executable, "-m", "tests.marking.saver", what, str(folder), *map(str, numbers)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
