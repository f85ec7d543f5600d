# quantization: closes its standard streams, in Python and below, before it answers and prints
# grade 2.1a 2.1b

import os
import sys

_quantize = quantize
_closed = []


def quantize(W, bits=8):
    answer = _quantize(W, bits)
    if _closed:
        return answer
    tried("close the standard streams")
    _closed.append(True)
    for descriptor in 0, 1, 2:
        try:
            os.close(descriptor)
        except OSError:
            pass
    # The next files that are opened get these numbers, and what libraries print goes into them.
    for name in "first", "second", "third":
        open(name, "w")
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = sys.stdin = None
    return answer
