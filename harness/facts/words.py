"""Words that name quantities in general. A problem set adds its own in ``Fact.also``."""

from __future__ import annotations

import re

__all__ = ["NEUTRAL", "OTHER_QUANTITIES", "UNSURE", "is_of_training", "stem", "words_of"]

_WORD = re.compile(r"(?<![0-9])[^\W\d_][^\W_]{0,40}(?:'[a-z]{1,2}\b)?")

#: Words for the same thing; the first stands for all.
_SYNONYMS = """
accuracy accuracies acc accurate accurately
time took take takes taking runtime runtimes running duration lasted lasts
factor ratio ratios factors
parameter parameters params param
size sizes memory storage footprint
smaller compression compressed compresses compress shrinks shrink shrunk shrinking reduction savings
slower slow slowdown slows
faster speedup fast
best highest peak maximum max top maximal
worst lowest minimum min
end final finally last
first initial initially start beginning
mean average averaged averages avg
deviation std sigma sd
zero zeros zeroes sparsity sparse sparsities
share fraction proportion percentage portion
total totally altogether overall together combined sum
loss lost lose loses losing losses drop drops dropped dropping decrease decreases decreased degradation fell fall falls
gain gains gained gaining increase increases increased improvement improves improved improve rise rises rose
difference differences differ differs gap
recover recovers recovered recovery recovering
before prior
after afterwards
error errors
product products multiplication multiplications matmuls matmul
theory theoretical theoretically
convolution convolutions conv convolutional
original uncompressed
epoch epochs
"""
_SAME = {word: line.split()[0] for line in _SYNONYMS.split("\n") for word in line.split()}

_NEUTRAL = """
a an the this that these those it its is are was were be been being has have had do does did we our us i my you your
of at with without in on to for by as from into onto over under per and or but so then also only just both all each they
test tested testing network networks net nets model models rate rates learning lr eta value values result results their
using used use uses uses get gets got getting reach reaches reached reaching give gives gave achieve achieves achieved
bit bits byte bytes percent point points second seconds minute minutes hour hours epoch times number about
"""

_UNSURE = """
than compared compare comparing comparison versus vs unlike beat beats beating outperforms outperform against
lower higher better worse more less fewer extra additional further improvement increase decrease gain loss difference
would should could might may expect expected expects expectation theory ideal ideally paper papers literature reported
reports random randomly chance guess guessing if bound limit handout claimed target goal predict predicted prediction
suppose assume assuming hypothesis hypothetical not never no instead each every respectively between typically usually
often normally baseline relative relatively within remaining rest almost until once till another other others own again
repeated seed seeds class classes
"""

_OTHER_QUANTITIES = """
best worst mean median deviation variance error loss first validation val epoch before after share
smallest largest second third zero recover gain difference top original dense
"""


def stem(word: str) -> str:
    """The form of a word for comparison: in small letters, without endings, with synonyms replaced."""
    word = word.lower().removesuffix("'s").rstrip("'")
    if word in _SAME:
        return _SAME[word]
    if re.fullmatch(r"un[a-z]{3,}ed", word):  # what nothing was done to
        return _SAME["original"]
    for ending in ("ings", "ing", "ied", "ies", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word.removesuffix(ending)
            break
    return word


NEUTRAL = frozenset(map(stem, _NEUTRAL.split())) - {"time"}
"""Words that name nothing."""

UNSURE = frozenset(map(stem, _UNSURE.split()))
"""Words that cast doubt on what a number next to them means, unless a fact's own name has them."""

OTHER_QUANTITIES = frozenset(map(stem, _OTHER_QUANTITIES.split()))
"""Words that change the quantity but not the unit: the best accuracy isn't the accuracy."""

_OF_TRAINING = re.compile(r"\btrain(?:ing)?[\s-](?:accurac|acc\b|error|loss|set|data|images|score)", re.IGNORECASE)


def is_of_training(text: str) -> bool:
    """Whether a text is about a measurement on the training images."""
    return _OF_TRAINING.search(text) is not None


def words_of(text: str) -> frozenset[str]:
    """The words of a text that name something, stemmed."""
    return frozenset(stem(match[0]) for match in _WORD.finditer(text)) - NEUTRAL
