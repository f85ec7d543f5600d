# quantization: exceptions that lie about class, text, cause, traceback and arguments
# grade 2.1a 2.3a 2.2a
# loses 2.1a
# loses 2.2a
# loses 2.3a

_quantize = quantize


class Name(type):
    @property
    def __name__(cls):
        raise SystemExit(0)


class Nameless(BaseException, metaclass=Name):
    pass


class Hostile(BaseException):
    __class__ = property(lambda self: NotImplementedError)
    while_importing = property(lambda self: 1 / 0)
    args = property(lambda self: 1 / 0)

    def __str__(self):
        return "</pre><script>\x1b[2J\0\u202e" * 100_000

    def __getattr__(self, name):
        raise KeyboardInterrupt

    def __reduce__(self):
        raise SystemExit(0)


def quantize(W, bits=8):
    tried("an exception without a name")
    raise Nameless


def stochastic_quantize(W, bits=2, rng=None):
    tried("an exception that lies")
    raise Hostile
