# quantization: an exception whose text takes for ever
# grade 2.1a 2.3a
# loses 2.1a: Is there an endless loop


class Endless(Exception):
    def __str__(self):
        tried("loop in __str__")
        while True:
            pass


def quantize(W, bits=8):
    raise Endless
