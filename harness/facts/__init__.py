"""Facts beside claims: what was measured about a submission, and the numbers in its answers that say the same or not.

Facts come from three places: what tests measured (the fixture ``fact``), what the problem set's own module ``facts``
finds in records and verdicts, and nothing else. :func:`compare` holds a written answer against them.
"""

from harness.facts.claims import Claim, compare
from harness.facts.fact import Fact, Source
from harness.facts.gathering import facts_of, of_question
from harness.facts.numerals import Number, numbers_in

__all__ = ["Claim", "Fact", "Number", "Source", "compare", "facts_of", "numbers_in", "of_question"]
