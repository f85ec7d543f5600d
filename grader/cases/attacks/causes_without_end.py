# quantization: exceptions nested 10,000 deep by cause, in a circle, and in groups
# grade 2.1a 2.3a 2.2a
# loses 2.1a: raised ValueError: 9999
# loses 2.3a: raised KeyError
# loses 2.2a: raised ExceptionGroup


def quantize(W, bits=8):
    tried("10,000 causes")
    error = None
    for index in range(10_000):
        new = ValueError(str(index))
        new.__cause__ = error
        error = new
    raise error


def stochastic_quantize(W, bits=2, rng=None):
    tried("a circle")
    one, two = KeyError("one"), KeyError("two")
    one.__context__, two.__context__, one.__cause__ = two, one, two
    raise one


def quantize_model(model, bits, stochastic=False, rng=None):
    tried("groups")
    group = ExceptionGroup("inner", [ValueError(0)] * 1000)
    for _ in range(100):
        group = ExceptionGroup("outer", [group])
    raise group
