# quantization: raises an exception whose text can't be made
# loses 2.1: text can't be shown
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d

class Hostile(BaseException):
    def __str__(self):
        raise SystemExit("no text")


def quantize(W, bits=8):
    raise Hostile
