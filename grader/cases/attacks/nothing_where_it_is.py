# quantization: puts a folder and a pipe where the line of an endless loop is read, then loops
# refused PermissionError
# grade 2.1a 2.3a
# loses 2.1a: Is there an endless loop

import os


def quantize(W, bits=8):
    os.remove("where")
    attempt("a pipe", os.mkfifo, "where")
    attempt("a link", os.symlink, "$REPORT", "where")
    attempt("a device", os.mknod, "where", 0o20600, os.makedev(1, 5))
    os.mkdir("where")
    while True:
        os.getpid()
