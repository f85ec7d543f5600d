# quantization: a fork bomb, by fork, vfork and clone
# refused PermissionError
# grade 2.1a 2.3a

import ctypes
import os
import signal

_quantize = quantize
_libc = ctypes.CDLL(None, use_errno=True)


def _fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return pid


def _clone():
    number, flags = 56 if os.uname().machine == "x86_64" else 220, ctypes.c_long(int(signal.SIGCHLD))
    pid = _libc.syscall(ctypes.c_long(number), flags, None, None, None, None)
    if pid == 0:
        os._exit(0)
    if pid == -1:
        raise OSError(ctypes.get_errno(), "clone")
    return pid


def quantize(W, bits=8):
    for _ in range(25):
        attempt("fork", _fork)
        attempt("clone", _clone)
    return _quantize(W, bits)
