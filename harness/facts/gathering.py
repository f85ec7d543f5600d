"""Gather the facts of one submission: those that its tests measured, and those in records and verdicts."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.facts.fact import Fact
from harness.problem import problem

__all__ = ["facts_of", "measured_facts", "of_question"]

#: Limits, because nobody reads more facts or longer names.
MAX_FACTS = 1_000
MAX_NAME = 200

_LOG = logging.getLogger(__name__)


def facts_of(work: Path, report: dict[str, Any]) -> list[Fact]:
    """The known facts about a submission.

    A fault in the problem set's module costs the facts that would have come after it, and is logged; nothing that a
    student handed in ends the batch.

    Args:
        work: the submission's folder with material for marking, with ``results/PART/record.json`` if it has results.
        report: the submission's results.json.
    """
    found = list(measured_facts(report))
    module = problem().own_module("facts")
    if module is not None:
        try:
            for fact in module.facts(work, report):
                found.append(fact)
        except Exception:
            _LOG.exception("The facts of %s are incomplete.", work)
    return [fact for fact in dict.fromkeys(found) if _is_usable(fact)][:MAX_FACTS]


def measured_facts(report: dict[str, Any]) -> Iterator[Fact]:
    """The facts that tests recorded with the fixture ``fact``, read from each test's ``extra_data`` for staff."""
    tests = report.get("tests")
    for row in tests if isinstance(tests, list) else ():
        extra = row.get("extra_data") if isinstance(row, dict) else None
        facts = extra.get("facts") if isinstance(extra, dict) else None
        for one in facts if isinstance(facts, list) else ():
            try:
                yield msgspec.convert(one, Fact)
            except msgspec.ValidationError:
                continue


def of_question(facts: Iterable[Fact], question: str) -> Sequence[Fact]:
    """The facts of one question: its own, and those of its part."""
    parts = {one.id: one.part for one in problem().question}
    return [fact for fact in facts if fact.question in (question, parts.get(question, question))]


def _is_usable(fact: Fact) -> bool:
    return fact.is_finite and 0 < len(fact.name) <= MAX_NAME
