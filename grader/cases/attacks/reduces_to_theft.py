# quantization: extra arguments whose __reduce__ opens the solution in the other process, and starts programs
# refused PermissionError
# grade 2.1b 2.1d

import os

_quantize = quantize


def _steal(args):
    attempt("open the solution there", open, "$ROOT/grader/solution/quantization.py")
    attempt("a program there", os.execv, "/bin/true", ["true"])
    return args


class _Arguments:
    def __init__(self, args):
        self.args = args

    def __reduce__(self):
        attempt("open the solution here", open, "$ROOT/grader/solution/quantization.py")
        return _steal, (self.args,)


def quantize(W, bits=8):
    codes, args = _quantize(W, bits)
    return codes, _Arguments(args)
