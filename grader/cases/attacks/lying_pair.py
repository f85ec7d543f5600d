# quantization: a tuple that has other elements each time, and an iterator without end
# grade 2.1a 2.3a
# loses 2.1a: expected two things
# loses 2.3a: expected two things


class Turning(tuple):
    def __getitem__(self, index):
        tried("a tuple that turns")
        return 0

    def __len__(self):
        return 2

    def __iter__(self):
        while True:
            yield 0


def quantize(W, bits=8):
    tried("a lying tuple")
    return Turning((0, 0))


def stochastic_quantize(W, bits=2, rng=None):
    return iter(Turning())
