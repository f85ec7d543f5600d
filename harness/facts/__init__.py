"""Facts and claims: compare measured facts about a submission with the numbers in its written answers.

Facts come from tests (the fixture ``fact``), and from the problem set's own module ``facts``, which reads records and
verdicts. :func:`compare` compares a written answer with them.
"""

from harness.facts.claims import Claim, compare
from harness.facts.fact import Fact, Source
from harness.facts.gathering import facts_of, of_question
from harness.facts.numerals import Number, numbers_in

__all__ = ["Claim", "Fact", "Number", "Source", "compare", "facts_of", "numbers_in", "of_question"]
