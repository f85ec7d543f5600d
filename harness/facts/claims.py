"""Compare the numbers in an answer with facts, and find those that agree with a fact or contradict one.

**Agreement.** A number agrees with a fact if it has the fact's unit, or one that converts to it (a share and a
percentage, percent and percentage points, minutes and seconds, kB and B), and differs by no more than half of the last
digit that the student wrote, or the fact's own tolerance. "About 70 %" and "70–75 %" stand for more values. After
"error", a percentage is the difference to 100 %. A bare number is compared with counts, and with shares and factors
only if the words say so. If several facts agree, the one with the nearest words is named.

**Contradiction** would accuse somebody, so all of these are required:

- the number has a unit, written or of its column's header, and it is the fact's; or the fact is a count of 100 or more,
  and so is the number;
- each word of the fact's name, or of one of its other names, stands in the sentence (or the cell's header and the row's
  label), and those that tell it from other facts of this unit stand in the number's own clause;
- that clause holds no other number of this unit, names no other fact as well, and has no number of bits, epochs or a
  rate that the name lacks;
- no word compares, limits, supposes or quotes ("than", "lower by", "would", "expected", "the paper"), and no word says
  that it is another quantity ("training", "best", "error") unless the name has it;
- where a name is shorter than the thing's ("smaller" for "times smaller at 8 bits"), the number's phrase says nothing
  else, and no other number of bits stands in the answer;
- the value lies outside by more than a whole unit of the last digit written, so that a truncated number accuses nobody,
  and by more than the fact's tolerance.

Other numbers get no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.facts.context import MEASURED_UNITS, Context, Item, Place, items_of
from harness.facts.fact import Fact
from harness.facts.numerals import Number, read
from harness.facts.words import OTHER_QUANTITIES, UNSURE, is_of_training, stem

__all__ = ["Claim", "compare"]

Verdict = Literal["agrees", "contradicts", "neither"]

#: Smaller counts agree too often by chance.
MANY = 100

#: Words that a phrase may have besides a short name.
SAYING = frozenset(map(stem, ("there", "becomes", "became", "now", "falls", "rises", "stays", "remains")))
_CHANGED_TO = re.compile(
    r"\b(?:f[ae]ll|drop|decreas|declin|sink|sank|ris|rose|increas|improv|degrad)[a-z]{0,4}"
    r"(?: (?:down|up|back|further|again))? to (?:(?:about|around|only|just|roughly|nearly|some) ){0,2}[~≈]?$",
    re.IGNORECASE,
)
_BITS_IN_WORDS = re.compile(r"\b(?:one|two|three|four|six|eight|sixteen)[\s-]bits?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Claim:
    """A number of an answer, with the verdict of the facts."""

    number: Number
    verdict: Verdict
    fact: Fact | None = None
    """The fact that the number agrees with or contradicts."""


def compare(text: str, facts: Sequence[Fact]) -> list[Claim]:
    """Every number of an answer with its verdict, by the rules in the module's docstring.

    Args:
        text: untrusted Markdown.
        facts: the facts of the question. Words that all their names share don't distinguish them.
    """
    named = _named(facts)
    context = Context(*read(text))
    return [_claim(index, context, named) for index in range(len(context.found))]


# ---- what facts are called -----------------------------------------------------------------------------------------


class _Named:
    """A fact with its names split into words."""

    def __init__(self, fact: Fact) -> None:
        self.fact = fact
        assert not isinstance(fact.value, str)
        self.value = float(fact.value)
        self.thing = fact.name.partition(" (")[0]
        self.names = tuple(dict.fromkeys(items_of(name) for name in (self.thing, *fact.also)))
        self.items = frozenset[Item]().union(*self.names)
        self.selecting = self.items
        self.tolerance = max(fact.tolerance or 0.0, 1e-9 * abs(self.value))

    def distance(self, number: Number, *, complement: bool = False) -> float:
        """The distance of the fact's value from the values that the number can stand for; 0 if it is one of them."""
        values = [self.value]
        if complement:
            values = [100 - self.value]
        elif self.fact.unit == "points" or number.value < 0:
            values.append(-self.value)
        scales = [1.0, number.binary]
        if self.fact.unit == "%" and not number.unit:
            scales = [100.0]
        return min(
            max(number.low * scale - value, value - number.high * scale, 0.0) for value in values for scale in scales
        )

    def agrees(self, number: Number, *, complement: bool = False) -> bool:
        return self.distance(number, complement=complement) <= self.tolerance * (1 + 1e-9) + 1e-12


def _named(facts: Sequence[Fact]) -> list[_Named]:
    """The numeric facts. A word distinguishes a fact if not all facts of the same unit have it in their names."""
    named = [_Named(fact) for fact in facts if not isinstance(fact.value, str)]
    for unit in {one.fact.unit for one in named}:
        of_unit = [one for one in named if one.fact.unit == unit]
        common = frozenset.intersection(*(one.items for one in of_unit))
        for one in of_unit:
            one.selecting = one.items - common
    return named


# ---- verdicts ------------------------------------------------------------------------------------------------------


def _claim(index: int, context: Context, named: Sequence[_Named]) -> Claim:
    number = context.found[index].number
    if any((number.value, number.unit) in one.items for one in named):
        return Claim(number, "neither")  # it says which fact is meant
    place = context.place(index)
    clear = _clearly_named(number, place, named, context)
    agreeing = []
    for one in named:
        if _is_comparable(number, one, place) and one.agrees(number, complement=_is_complement(number, one, place)):
            near = len(one.items & place.clause), len(one.items & place.sentence)
            if one in clear or near[1] or not _is_coarse(number):
                agreeing.append((one in clear, *near, -abs(one.value - number.value), one))
    if clear and not any(found[0] for found in agreeing) and _is_outside(number, clear):
        nearest = min(clear, key=lambda one: one.distance(number))
        return Claim(number, "contradicts", nearest.fact)
    if agreeing:
        return Claim(number, "agrees", max(agreeing, key=lambda found: found[:4])[-1].fact)
    return Claim(number, "neither")


def _is_comparable(number: Number, one: _Named, place: Place) -> bool:
    """Whether a number can have the fact's unit."""
    unit, mentioned = one.fact.unit, bool(one.items & place.sentence)
    if number.spread:
        return unit in (number.unit, "points") and bool(one.items & {"deviation", "error"})
    if unit == number.unit:
        return mentioned or unit in MEASURED_UNITS or (unit == "" and abs(number.value) >= MANY)
    if unit == "points":
        return number.unit == "%" or (number.unit == "" and "deviation" in one.items & place.clause)
    if unit == "%":
        return number.unit == "" and 0 <= number.value <= 1 and number.digit <= 0.01 and mentioned
    return unit == "×" and number.unit == "" and number.digit <= 0.1 and mentioned


def _is_complement(number: Number, one: _Named, place: Place) -> bool:
    """Whether the number is an error, which is 100 % minus an accuracy."""
    return number.unit == one.fact.unit == "%" and "error" in place.clause and "error" not in one.items


def _is_coarse(number: Number) -> bool:
    """Whether a number has so few digits, or is so vague, that it agrees with many values by chance."""
    return number.high - number.low > 0.12 * abs(number.value)


def _is_outside(number: Number, clear: Sequence[_Named]) -> bool:
    return all(one.distance(number) > one.tolerance + number.digit / 2 for one in clear)


def _clearly_named(number: Number, place: Place, named: Sequence[_Named], context: Context) -> list[_Named]:
    """The facts of one name that the text assigns the number to; empty in case of doubt."""
    if number.spread or place.crowded or any(one.unit == number.unit and not one.spread for one in place.numbers):
        return []
    if (number.unit not in MEASURED_UNITS and abs(number.value) < MANY) or number.unit in ("bits", "epochs"):
        return []
    of_unit = [one for one in named if one.fact.unit == number.unit]
    found = [(items, one) for one in of_unit for items in one.names if _is_named(items, one.selecting, place)]
    largest = [(items, one) for items, one in found if not any(items < other for other, _ in found)]
    if len({one.thing for _, one in largest}) != 1:
        return []
    own = frozenset[Item]().union(*(one.items for _, one in largest))
    doubts = UNSURE | OTHER_QUANTITIES
    if _CHANGED_TO.search(place.before[-60:]):
        doubts -= {"loss", "gain"}  # "falls to" says where it ends, "falls by" is a difference
    if (place.clause & doubts) - own:
        return []
    if any(_is_short(items, one) for items, one in largest) and not _is_alone(number, place, own, context):
        return []
    if is_of_training(place.text) and number.unit == "%":
        return []
    steps: set[Item] = {(one.value, one.unit) for one in place.numbers if one.unit in ("bits", "epochs")}
    of_others = frozenset[Item]().union(*(one.selecting for one in of_unit))
    if (steps | (of_others & place.clause)) - own:
        return []
    return [one for _, one in largest]


def _is_short(items: frozenset[Item], one: _Named) -> bool:
    """Whether a name is a short one: it lacks a number of the fact's name, or it names a count."""
    left = items_of(one.thing) - items
    return items < items_of(one.thing) and (one.fact.unit == "" or any(isinstance(item, tuple) for item in left))


def _is_alone(number: Number, place: Place, own: frozenset[Item], context: Context) -> bool:
    """Whether the text says nothing that could change the meaning of a short name.

    The number's phrase says nothing else, and the answer mentions no other number of bits; where a count is meant, it
    has no other small number, such as another number of layers.
    """
    if place.phrase is not None and place.phrase - own - SAYING:
        return False
    if _BITS_IN_WORDS.search(context.text):
        return False
    others = [one.number for one in context.found if one.number is not number]
    return not any(
        (one.value, one.unit) not in own
        and (one.unit == "bits" or (number.unit == one.unit == "" and abs(one.value) < MANY and one.value % 1 == 0))
        for one in others
    )


def _is_named(items: frozenset[Item], selecting: frozenset[Item], place: Place) -> bool:
    """Whether the text has a name: all of it nearby, and its distinguishing words in the clause."""
    needed = items & selecting or items
    near = needed <= place.clause if items & selecting else bool(needed & place.clause)
    return bool(items) and near and items <= place.sentence
