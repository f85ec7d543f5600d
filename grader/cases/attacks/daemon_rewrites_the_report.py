# quantization: leaves a daemon in a session of its own, which rewrites the report later
# refused PermissionError
# grade 2.1a 2.1b 2.3a

import ctypes
import os
import time

_quantize = quantize
CLONE_PARENT, CLONE_VM, SIGCHLD = 0x8000, 0x100, 17


def _daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(2)
            open("$REPORT", "w").write("{}")
        os._exit(0)


def _brother(flags):
    libc = ctypes.CDLL(None, use_errno=True)
    number = 56 if os.uname().machine == "x86_64" else 220
    pid = libc.syscall(ctypes.c_long(number), ctypes.c_long(flags | SIGCHLD), None, None, None, None)
    if pid == 0:
        os._exit(0)
    if pid == -1:
        raise OSError(ctypes.get_errno(), "clone")


def quantize(W, bits=8):
    attempt("a daemon", _daemon)
    attempt("a new session", os.setsid)
    attempt("a child of the server", _brother, CLONE_PARENT)
    attempt("with the flags' upper half", _brother, CLONE_PARENT | 1 << 40)
    return _quantize(W, bits)
