# quantization: extra arguments that loop when they are copied
# grade 2.1b 2.3a
# loses 2.1b: Copying

_quantize = quantize


class _Arguments:
    def __reduce__(self):
        tried("loop in __reduce__")
        while True:
            pass


def quantize(W, bits=8):
    return _quantize(W, bits)[0], _Arguments()
