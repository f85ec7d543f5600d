# quantization: renames and removes its scratch folder, and what lies beside it
# refused PermissionError OSError
# grade 2.1a 2.1b

import os

_quantize = quantize


def quantize(W, bits=8):
    own = os.environ["HOME"]
    start, _, index = own.rpartition("-")
    after = f"{start}-{int(index) + 1}"
    attempt("rename the folder", os.rename, own, own + "-2")
    attempt("remove the folder", os.rmdir, own)
    attempt("a folder beside it", os.mkdir, own + "-3")
    attempt("list the folder above", os.listdir, "..")
    attempt("list the folder of the next worker", os.listdir, after)
    attempt("a file in the folder of the next worker", open, after + "/where", "w")
    attempt("the server's log", open, "../server.log")
    attempt("append to the server's log", open, "../server.log", "a")
    attempt("a file for others in shared", open, "../shared/x", "w")
    return _quantize(W, bits)
