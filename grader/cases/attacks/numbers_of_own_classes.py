# training: the rates are numbers of classes that change their value each time they are read
# grade 1.1a 1.2a 1.2b
# loses 1.1a: expected a number

import enum
import itertools

_count = itertools.count()


class Rate(float):
    def __float__(self):
        tried("be another number each time")
        return float(next(_count))

    def __eq__(self, other):
        return True

    def __hash__(self):
        return next(_count)

    def __repr__(self):
        return "0.1" * 100_000

    __str__ = __format__ = lambda self, *spec: self.__repr__()


class Kind(enum.IntEnum):
    ONE = 1


tried("give numbers of other classes")
LEARNING_RATES = {Rate(0.0001), Rate(0.1), Kind.ONE}
BEST_LEARNING_RATE = Rate(0.1)
