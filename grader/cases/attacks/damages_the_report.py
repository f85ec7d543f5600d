# quantization: overwrites, cuts, renames, removes and links the report
# refused PermissionError
# grade 2.1a 2.1b

import ctypes
import os

_quantize = quantize
_libc = ctypes.CDLL(None, use_errno=True)
REPORT = "$REPORT"


def _cut_by_path():
    if _libc.truncate(REPORT.encode(), ctypes.c_long(0)) == -1:
        raise OSError(ctypes.get_errno(), "truncate")


def quantize(W, bits=8):
    attempt("write", open, REPORT, "w")
    attempt("append", open, REPORT, "a")
    attempt("read", open, REPORT)
    attempt("cut while reading", os.open, REPORT, os.O_RDONLY | os.O_TRUNC)
    attempt("os.truncate", os.truncate, REPORT, 0)
    attempt("truncate", _cut_by_path)
    attempt("a hard link into the scratch folder", os.link, REPORT, "report")
    attempt("a link in its place", os.symlink, "/dev/null", REPORT)
    attempt("a folder beside it", os.mkdir, REPORT + ".d")
    attempt("a pipe in its place", os.mkfifo, REPORT)
    with open("forged", "w") as file:
        file.write('{"score": 100, "tests": []}')
    attempt("replace", os.replace, "forged", REPORT)
    attempt("list its folder", os.listdir, os.path.dirname(REPORT))
    return _quantize(W, bits)
