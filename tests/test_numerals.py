"""Numbers with units in prose, and what only looks like one; hostile texts are read in a moment."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.facts import Fact, compare, numbers_in
from tests.test_claims import RATES, SCHEDULES

#: What is written, and the numbers in it, as (value, unit).
NUMBERS = {
    "71.3 %": [(71.3, "%")],
    "71.3%": [(71.3, "%")],
    "71,3 %": [(71.3, "%")],
    "71.3 percent": [(71.3, "%")],
    "$71.3\\,\\%$": [(71.3, "%")],
    "**71.3** %": [(71.3, "%")],
    "71.3&nbsp;%": [(71.3, "%")],
    "0.713": [(0.713, "")],
    ".713": [(0.713, "")],
    "1,234,567 parameters": [(1_234_567, "")],
    "1 234 567 parameters": [(1_234_567, "")],
    "$1{,}234{,}567$": [(1_234_567, "")],
    "1.2e5": [(120_000, "")],
    "2.3M parameters": [(2_300_000, "")],
    "0.52 million": [(520_000, "")],
    "$10^{-4}$": [(1e-4, "")],
    "10⁻⁴": [(1e-4, "")],
    "$2.5 \\times 10^5$": [(250_000, "")],
    "3.9×": [(3.9, "×")],
    "3.9 times": [(3.9, "×")],
    "4x": [(4, "×")],
    "a 4-fold reduction": [(4, "×")],
    "a factor of 3.9": [(3.9, "×")],
    "factor 3.9": [(3.9, "×")],
    "27 kB": [(27_000, "B")],
    "27 KiB": [(27_648, "B")],
    "1.5 MB": [(1_500_000, "B")],
    "512 bytes": [(512, "B")],
    "12 min 30 s": [(750, "s")],
    "12 minutes and 30 seconds": [(750, "s")],
    "2m30s": [(150, "s")],
    "1h24m": [(5040, "s")],
    "1:02:03 h": [(3723, "s")],
    "1:02:03": [(3723, "s")],
    "46 minutes": [(2760, "s")],
    "35 ms": [(0.035, "s")],
    "1.5 percentage points": [(1.5, "points")],
    "1.5 %-points": [(1.5, "points")],
    "1.5 pp": [(1.5, "points")],
    "−0.5 points": [(-0.5, "points")],
    "65.3 ± 1.2 %": [(65.3, "%"), (1.2, "%")],
    "(65.3 ± 1.2) %": [(65.3, "%"), (1.2, "%")],
    "$65.3 \\pm 1.2$ %": [(65.3, "%"), (1.2, "%")],
    "70–75 %": [(72.5, "%")],
    "between 70 and 75 %": [(72.5, "%")],
    "71.3/70.2/69.9 %": [(71.3, "%"), (70.2, "%"), (69.9, "%")],
    "8 bits": [(8, "bits")],
    "8-bit codes": [(8, "bits")],
    "8, 4 and 2 bits": [(8, "bits"), (4, "bits"), (2, "bits")],
    "epochs 25, 50 and 75": [(25, "epochs"), (50, "epochs"), (75, "epochs")],
    "after 25 epochs": [(25, "epochs")],
    "the 25th epoch": [(25, "epochs")],
    "| bits | accuracy (%) |\n|--|--|\n| 8 | 97.5 |": [(8, "bits"), (97.5, "%")],
    "| time [min] |\n|--|\n| 46 |": [(2760, "s")],
    # what only looks like a number
    "as in part 2.1 and in 3.3": [],
    "the baseline of 1.2": [],
    "ResNet-18 on CIFAR-10, conv1, fc1, float32, L1, H200": [],
    "Figure 3, Fig. 4, Tables 1 and 2, layer 7, layers 3–5": [],
    "Harvard, 2025": [],
    "handed in on 2025-11-02": [],
    "a 3×3 kernel on 32x32 images, $3 \\times 3$": [],
    "$2^8$ levels": [],
    "1. First\n2. Second": [],
    "see [1]": [],
    "![curves](results/3.3/accuracy.png)": [],
    "https://arxiv.org/abs/1608.03983": [],
    "<!-- 150 words -->": [],
    "a quarter of the size, half as many": [],
    "## 3.3 What happens at the pruning steps": [],
    "Python 3.11 and PyTorch 2.8": [],
    "$x_1 + x_2$": [],
}


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_have_their_value_and_unit(text):
    assert [(pytest.approx(one.value), one.unit) for one in numbers_in(text)] == NUMBERS[text]


def test_a_number_stands_for_what_rounds_to_it():
    (number,) = numbers_in("71.3 %")
    assert (number.low, number.high) == (pytest.approx(71.25), pytest.approx(71.35))
    (number,) = numbers_in("about 70 %")
    assert number.low <= 66 < 74 <= number.high
    (number,) = numbers_in("over 90 %")
    assert number.high == float("inf")


# ---- hostile texts -------------------------------------------------------------------------------------------------

HOSTILE = {
    "digits": "7" * 20_000,
    "numbers": "1 " * 10_000,
    "percentages": "71.3 % " * 3_000,
    "commas": "1,2" * 7_000,
    "powers": "10^" * 7_000,
    "brackets": "(" * 10_000 + "5 %" + ")" * 10_000,
    "braces": "{" * 10_000 + "5" + "}" * 10_000,
    "slashes": "1/" * 10_000,
    "colons": "1:02" * 5_000,
    "stars": "*" * 20_000,
    "comments": "<!--" * 5_000,
    "tags": "<a " * 6_000,
    "links": "](" * 10_000,
    "paths": "a/b." * 5_000,
    "pipes": "|" * 20_000,
    "table": "| a |\n|---|\n" + "| 5 |\n" * 3_000,
    "wide": "|" * 5_000 + "\n" + "|-" * 5_000 + "\n" + "|5" * 5_000,
    "dashes": "5–" * 9_000,
    "spreads": "5±" * 9_000,
    "ands": "5 and " * 3_300,
    "words": "accuracy " * 2_200 + "5 %",
    "references": "layer 3 and 4, " * 1_400,
    "exponents": "1e999 " * 3_000,
    "spaces": " " * 20_000,
    "units": "5 % points " * 1_800,
    "long": "accuracy 71.3 % " * 100_000,
}


FACTS = [Fact("1.1", f"test accuracy at learning rate {rate}", float(rate), "%") for rate in range(100)]
ORDINARY = "With a learning rate of 0.1 the accuracy reaches 71.3 %. " * 10


def seconds(text: str) -> float:
    """Processor time of reading an answer: the better of two, the first of which compiles what is needed once."""
    found = []
    for _ in range(2):
        started = time.process_time()
        compare(text, FACTS)
        found.append(time.process_time() - started)
    return min(found)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_read_in_a_moment(name):
    """What is 20,000 characters long or more costs less than a hundred answers of a hundred words."""
    assert seconds(HOSTILE[name]) < 100 * seconds(ORDINARY)


SIGNS_OF_NUMBERS = st.sampled_from([*"0123456789.,:/%×x±–-^{}$\\|_*()[]<>~≈ \n", "epoch", "kB", " and ", "|--|", "e5"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(SIGNS_OF_NUMBERS, st.text(max_size=4)), max_size=60).map("".join))
def test_whatever_is_written_is_read_and_every_number_is_found_where_it_stands(text):
    end = 0
    for claim in compare(text, [*RATES, *SCHEDULES]):
        number = claim.number
        assert end <= number.start < number.end <= len(text)
        assert any(character.isdigit() for character in text[number.start : number.end])
        assert number.low <= number.value <= number.high
        end = number.end
