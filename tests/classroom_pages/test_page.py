"""The class page: both kinds of points, statistics, and a page that follows a batch."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

import pytest

from harness.classroom import cli as batch_cli
from harness.classroom import live, page
from harness.classroom.journal import Status
from harness.classroom.live import LivePage
from harness.classroom.marking import MarkStore, Saved
from harness.classroom.page import Running
from harness.classroom.roster import load_roster
from harness.console import show
from harness.problem import problem
from tests.classroom_pages.made import HOSTILE, batch, entry, roster_entry
from tests.conftest import MAXIMUM

NOW = datetime(2025, 10, 3, 12, tzinfo=timezone.utc)


def shown(folder: Path, running: Running | None = None) -> str:
    return page.render(page.of_folder(folder, "class", 1, load_roster(folder), running))


def marked(folder: Path, *ids: str) -> None:
    """Give each of these all points by hand, but none for the first question."""
    store = MarkStore(folder)
    for id in ids:
        for index, question in enumerate(problem().question):
            items = tuple(f"{question.id}/{number}" for number, _ in enumerate(question.items, 1)) if index else ()
            store.save("Grace", id, question.id, Saved(items), 0)


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_the_summary_on_the_terminal_says_of_how_many_points(tmp_path, capsys):
    folder = batch(tmp_path, entry("ada"), entry("alan", lost={"1.1b": 1.0}))
    show(batch_cli._summary(page.of_folder(folder, "class", 1, load_roster(folder))))
    said = " ".join(capsys.readouterr().out.split())
    assert said == f"2 graded {MAXIMUM - 0.5} of {MAXIMUM:g} points on average; median {MAXIMUM - 0.5:g}"


def test_both_kinds_of_points_are_shown(tmp_path):
    folder = batch(tmp_path, entry("ada"), entry("alan", lost={"1.1b": 1.0}))
    marked(folder, "ada")
    graded = page.of_folder(folder, "class", 1, load_roster(folder))
    hand = graded.by_id["ada"].hand
    assert hand is not None
    assert 0 < hand < problem().by_hand
    assert graded.total.scores == (MAXIMUM, MAXIMUM - 1)
    assert graded.hand.scores == (hand,)
    assert graded.whole.scores == (MAXIMUM + hand,)
    text = text_of(page.render(graded))
    assert f"0 of {len(problem().question)} marked" in text
    assert f"{hand:g} {MAXIMUM + hand:g}" in text
    assert "1 marked by hand" in text


def test_the_page_is_written_again_with_what_was_marked_since(tmp_path):
    folder = batch(tmp_path, entry("ada"))
    page.write_again(folder)
    assert "0 marked by hand" in text_of((folder / "index.html").read_text())
    marked(folder, "ada")
    page.write_again(folder)
    assert "1 marked by hand" in text_of((folder / "index.html").read_text())


def test_an_override_counts_on_the_page(tmp_path):
    folder = batch(tmp_path, entry("ada", lost={"1.1b": 1.0}))
    MarkStore(folder).override("Grace", "ada", "1.1b", 1.0, 0, "the test was wrong")
    assert page.of_folder(folder, "class", 1, load_roster(folder)).total.scores == (MAXIMUM,)


def test_a_small_class_is_told_why_there_are_no_correlations(tmp_path):
    text = text_of(shown(batch(tmp_path, entry("ada"))))
    assert "Discrimination and reliability are not shown: of 1 submissions they would be chance. They need 10." in text
    assert "Cronbach" not in text


def test_each_statistic_says_what_it_means(tmp_path):
    entries = [entry(f"s{index}", lost={"1.1b": index % 2, "2.1a": index % 3 / 2}) for index in range(12)]
    text = text_of(shown(batch(tmp_path, *entries)))
    assert re.search(r"Reliability −?[01]\.\d\d \(Cronbach’s α of \d+ tests and questions\)\. It is 1 if", text)
    assert "Difficulty is the share that was earned" in text
    assert "Discrimination is the correlation with all other points" in text


def test_a_page_of_a_running_batch_says_how_far_it_is_and_blames_nobody_who_waits(tmp_path):
    folder = batch(tmp_path, entry("ada"), roster_entries=(roster_entry("ada"), roster_entry("alan")))
    html = shown(folder, Running(1, NOW, 600))
    assert "1 of 2 were looked at by 12:00:00" in text_of(html)
    assert f'data-at="{NOW.timestamp()}" data-patience="600"' in html
    assert "To look at" not in html
    assert "To look at" in shown(folder)
    assert 'id="live"' not in shown(folder)


def test_no_name_does_harm_on_the_page(tmp_path):
    folder = batch(
        tmp_path, entry("ada", Status.OVERDUE, reason=HOSTILE), roster_entries=(roster_entry("ada", HOSTILE, HOSTILE),)
    )
    html = shown(folder)
    assert html.count("<script") == 1
    assert "&lt;script&gt;" in html


def test_a_live_page_is_replaced_at_most_so_often(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: clock[0])
    followed = LivePage(tmp_path / "index.html", lambda running: f"{running.done} of {running.patience:g}", 60)
    followed.show(0)
    followed.show(1)
    assert (tmp_path / "index.html").read_text() == "0 of 60"
    clock[0] += live.SECONDS
    followed.show(2)
    assert (tmp_path / "index.html").read_text() == "2 of 60"


def test_a_page_that_takes_long_is_written_seldom(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: clock[0])

    def slow(running: Running) -> str:
        clock[0] += 10
        return str(running.done)

    followed = LivePage(tmp_path / "index.html", slow, 60)
    followed.show(0)
    clock[0] += 10 / live.SHARE - 1
    followed.show(1)
    assert (tmp_path / "index.html").read_text() == "0"


@pytest.mark.parametrize("variable", ["DISPLAY", ""])
def test_a_browser_is_opened_where_one_can_be_seen(tmp_path, monkeypatch, variable):
    opened: list[str] = []
    monkeypatch.setattr(live.sys, "platform", "linux")

    def opens(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr(live.webbrowser, "open", opens)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, ":0")
    assert live.open_page(tmp_path / "index.html") is bool(variable)
    assert opened == ([(tmp_path / "index.html").as_uri()] if variable else [])
