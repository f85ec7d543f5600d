"""Five markers at once, over the network as they work: nothing is lost, and a stale version is a conflict."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.marking import mark_all, served
from harness.classroom.marking import MarkStore

pytestmark = pytest.mark.slow


def test_five_markers_at_once_lose_nothing(grades):
    markers = [f"marker {number}" for number in range(5)]
    with served(grades, markers) as addresses:
        with ThreadPoolExecutor(5) as pool:
            results = list(pool.map(lambda address: mark_all(address, ("1.1", "3.2")), addresses))
        stale = mark_all(addresses[0], ("1.2",), stale=True)
    confirmed = [one for result in results for one in result.confirmed]
    assert len(confirmed) == len(set(confirmed)) == 24  # 12 submissions, 2 questions, each marked once
    marks = MarkStore(grades).state()
    assert [marks.points(f"s{number}", "3.2") for number in range(12)] == [1.0] * 12
    assert {marks.mark(f"s{number}", "1.1").by for number in range(12)} <= set(markers)  # type: ignore[union-attr]
    assert (stale.conflicts, stale.confirmed) == (1, [])
    assert marks.marked("1.2") == []
