"""What it costs to be late, and the sentence that says so."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from harness import ROOT
from harness.classroom import late
from harness.classroom.late import LateError, Rules
from harness.classroom.roster import RosterEntry
from tests.classroom.made import DUE, ada, person, roster_entry

alan = person("Alan Turing", "42")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TEN_PERCENT = Rules(DUE, rule="percent", per_day=10)


def after(by: timedelta, rules: Rules, *people) -> late.Lateness:
    return late.lateness(roster_entry("one", *(people or (ada,)), late_by=by), rules)


# ---- what it costs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "points", "said"),
    [
        (-HOUR, 0, "in time"),
        (timedelta(), 0, "in time"),
        (timedelta(seconds=1), 23, "less than a minute late: 10 % of 230 points"),
        (DAY, 23, "1 day late: 10 % of 230 points"),
        (DAY + HOUR, 46, "1 day 1 hour late: 2 days at 10 %, 20 % of 230 points"),
        (12 * DAY, 230, "12 days late: 12 days at 10 %, 120 % of 230 points"),
    ],
)
def test_a_day_that_has_begun_costs_percent(by, points, said):
    found = after(by, TEN_PERCENT)
    assert found.penalty(230, 250) == points
    assert found.explained(230, 250) == said


def test_percent_can_be_of_all_points_and_have_a_limit():
    rules = Rules(DUE, rule="percent", per_day=10, of="maximum", most=15)
    found = after(3 * DAY, rules)
    assert found.penalty(230, 250) == 37.5
    assert found.explained(230, 250) == "3 days late: 3 days at 10 %, at most 15 % of 250 points"


def test_no_penalty_is_larger_than_the_score():
    assert after(9 * DAY, Rules(DUE, rule="points", per_day=30)).penalty(12.5, 250) == 12.5


def test_a_day_can_cost_points():
    found = after(2 * DAY, Rules(DUE, rule="points", per_day=1.5))
    assert found.penalty(230, 250) == 3
    assert found.explained(230, 250) == "2 days late: 2 days at 1.5, 3 points"


def test_nothing_counts_after_a_deadline():
    found = after(HOUR, Rules(DUE, rule="deadline"))
    assert found.penalty(230, 250) == 230
    assert found.explained(230, 250) == "1 hour late: too late to count"


def test_nothing_counts_after_the_last_day_whatever_slip_days_there_are():
    found = after(3 * DAY + HOUR, Rules(DUE, rule="percent", per_day=1, closes_after_days=3, slip_days=9))
    assert (found.closed, found.slip, found.slip_left) == (True, 0, (9,))


def test_without_a_rule_being_late_is_said_and_costs_nothing():
    found = after(DAY, Rules(DUE, slip_days=3))
    assert (found.penalty(230, 250), found.slip) == (0, 0)
    assert found.explained(230, 250) == "1 day late: no penalty"


def test_who_exceeds_the_grace_is_late_from_the_due_time_on():
    rules = Rules(DUE, rule="percent", per_day=10, grace=timedelta(minutes=15))
    assert after(15 * timedelta(minutes=1), rules).explained(230, 250) == "15 minutes late, which is within the grace"
    assert after(DAY, rules).penalty(230, 250) == 23
    assert after(DAY + timedelta(minutes=5), rules).penalty(230, 250) == 46


def test_a_score_that_is_not_known_yet_has_a_sentence_too():
    assert after(HOUR, TEN_PERCENT).explained(None, 250) == "1 hour late: 10 % of the points"


def test_a_submission_without_a_time_is_not_punished_and_says_so():
    found = late.lateness(roster_entry("one", late_by=None), TEN_PERCENT)
    assert found.penalty(230, 250) == 0
    assert found.explained(230, 250) == "no submission time is known"


# ---- slip days and extensions ----------------------------------------------------------------------------------


def test_slip_days_are_used_first():
    found = after(2 * DAY + 3 * HOUR, Rules(DUE, rule="percent", per_day=5, slip_days=1))
    assert found.explained(230, 250) == "2 days 3 hours late: 1 slip day, then 2 days at 5 %, 10 % of 230 points"
    assert found.penalty(230, 250) == 23
    assert found.slip_left == (0,)


def test_slip_days_that_were_used_before_are_gone():
    rules = Rules(DUE, rule="percent", per_day=10, slip_days=4, slip_used={"0815": 2}, slip_most=3)
    found = after(3 * DAY, rules)
    assert (found.slip, found.slip_left, found.days) == (2, (0,), 1)
    assert after(3 * DAY, rules, alan).explained(230, 250) == "3 days late: 3 slip days"


def test_a_slip_day_that_saves_nothing_is_kept():
    rules = Rules(DUE, rule="deadline", slip_days=1)
    assert (after(DAY, rules).slip, after(DAY, rules).closed) == (1, False)
    assert (after(DAY + HOUR, rules).slip, after(DAY + HOUR, rules).closed) == (0, True)


def test_a_group_uses_the_slip_days_that_each_of_them_has():
    rules = Rules(DUE, rule="percent", per_day=10, slip_days=3, slip_used={"0815": 2})
    found = after(2 * DAY, rules, ada, alan)
    assert (found.slip, found.slip_left, found.days) == (1, (0, 2), 1)


def test_the_latest_extension_in_a_group_counts_for_all():
    rules = Rules(DUE, rule="percent", per_day=10, extensions={"alan@example.edu": 2, "0815": DUE + DAY})
    found = after(2 * DAY + HOUR, rules, ada, alan)
    assert found.due == DUE + 2 * DAY
    assert found.penalty(230, 250) == 23
    assert found.explained(230, 250).startswith("1 hour late, with an extension to Sun 5 Oct 2025, 23:59 (UTC-04:00): ")
    assert after(DAY, rules).explained(230, 250).startswith("in time, with an extension to Sat 4 Oct 2025")


def test_an_extension_before_the_due_time_takes_nothing_away():
    assert after(-HOUR, Rules(DUE, rule="deadline", extensions={"0815": DUE - DAY})).penalty(230, 250) == 0


def test_ids_that_nobody_has_are_named():
    rules = Rules(DUE, extensions={"0815": 1, "815": 1}, slip_used={"grace@example.edu": 1, "ada@example.edu": 1})
    assert late.strangers(rules, [roster_entry("one", ada)]) == ["815", "grace@example.edu"]


# ---- late.toml -------------------------------------------------------------------------------------------------

FULL = """
due = "2025-10-03T23:59"
zone = "America/New_York"
grace_minutes = 10
rule = "percent"
per_day = 10
of = "maximum"
most = 50
closes_after_days = 7

[slip]
days = 4
most = 2
used = { 0815 = 1, "Grace@example.edu" = 3 }

[extension]
0815 = 2
"alan@example.edu" = "2025-10-06T12:00"
"Zoë \\"Z\\"" = 2025-10-06T12:00:00Z
"""


def test_a_file_has_all_of_it(tmp_path):
    (tmp_path / "rules.toml").write_text(FULL, encoding="utf-8")
    rules = late.read(tmp_path / "rules.toml")
    assert rules.due == DUE
    assert rules.extensions["alan@example.edu"] == datetime(2025, 10, 6, 16, tzinfo=timezone.utc)
    assert rules.slip_used == {"0815": 1, "grace@example.edu": 3}
    assert rules.said == (
        "Due Fri 3 Oct 2025, 23:59 (America/New_York, UTC-04:00): each day costs 10 % of the points of all, "
        "10 minutes of grace, 4 slip days a student, 3 extensions."
    )


def test_rules_are_kept_as_they_are(tmp_path):
    (tmp_path / "rules.toml").write_text(FULL, encoding="utf-8")
    rules = late.read(tmp_path / "rules.toml")
    late.write(tmp_path, rules)
    assert late.load(tmp_path) == rules


def test_a_due_time_alone_is_kept_too(tmp_path):
    rules = late.chosen(tmp_path, "2025-10-03T23:59-04:00", None, None)
    assert rules is not None
    late.write(tmp_path, rules)
    kept = late.load(tmp_path)
    assert kept is not None
    assert (kept.due, kept.rule) == (DUE, "none")
    later = late.chosen(tmp_path, "2025-10-04T23:59", "America/New_York", None)
    assert later is not None
    assert later.due == DUE + DAY
    assert late.chosen(tmp_path / "other", None, None, None) is None


def test_a_time_without_a_zone_is_this_machines(tmp_path):
    rules = late.read(None, "2025-10-03T23:59")
    assert rules.due == datetime(2025, 10, 3, 23, 59).astimezone()
    assert "UTC" in rules.said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("per_dya = 10", "unknown field `per_dya`"),
        ("[slip]\nday = 1", "unknown field `day`"),
        ("rule = 'percentage'", "Invalid enum value 'percentage'"),
        ("rule = 'percent'", "needs per_day"),
        ("rule = 'percent'\nper_day = 110", "per_day is 110, and has to be from 0 to 100"),
        ("per_day = 10", 'the rule "none" does not use per_day'),
        ("rule = 'points'\nper_day = nan", "per_day is nan"),
        ("grace_minutes = -1", "grace_minutes is -1"),
        ("[slip]\ndays = 2\nused = { 0815 = -1 }", "slip.used.0815 is -1"),
        ("[extension]\n0815 = -1", "extension of 0815 is -1 days"),
        ("[extension]\n0815 = 'tomorrow'", "extension of 0815 is not a time: write it as 2025"),
        ("[extension]\n0815 = true", "extension of 0815 is not a time"),
        ("due = 2025-10-03", "due is not a time"),
        ("due = '2025-10-03'", "due is not a time"),
        ("zone = 'Cambridge'", "no time zone Cambridge"),
        ("zone = '../etc'", "no time zone"),
        ("due = ", "is not valid"),
        ("", "has no due time"),
    ],
)
def test_what_a_file_has_wrong_is_said_in_a_sentence(tmp_path, text, said):
    due = "" if "due" in text or not text else 'due = "2025-10-03T23:59"\n'
    (tmp_path / "late.toml").write_text(due + text)
    with pytest.raises(LateError) as error:
        late.read(tmp_path / "late.toml")
    assert said in str(error.value)
    assert str(error.value).count("\n") == 0


def test_a_file_that_is_missing_is_said(tmp_path):
    with pytest.raises(LateError, match="can't be read: No such file"):
        late.read(tmp_path / "rules.toml")


def test_a_due_time_in_winter_has_winters_offset():
    rules = late.read(None, "2025-11-03T23:59", "America/New_York")
    assert rules.due.utcoffset() == timedelta(hours=-5)
    submission = RosterEntry("a", roster_entry("a").path, (ada,), datetime(2025, 11, 4, 4, 59, 1, tzinfo=timezone.utc))
    assert late.lateness(submission, rules).late_by == timedelta(seconds=1)


def test_the_example_of_the_documentation_can_be_used(tmp_path):
    text = (ROOT / "docs" / "after-grading.md").read_text(encoding="utf-8")
    (tmp_path / "late.toml").write_text(text.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    rules = late.read(tmp_path / "late.toml")
    assert (rules.due, rules.slip_days, len(rules.extensions)) == (DUE, 5, 2)
