# quantization: leaves messages in queues of the kernel, for the next worker
# refused PermissionError OSError
# grade 2.1a

import ctypes
import os

_quantize = quantize
_system = ctypes.CDLL(None, use_errno=True)


def called(name, *arguments):
    if getattr(_system, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def quantize(W, bits=8):
    attempt("open a queue of POSIX", called, "mq_open", b"/weights", os.O_RDWR | os.O_CREAT, 0o666, None)
    attempt("open a queue of System V", called, "msgget", 0x2420, 0o1666)
    attempt("open semaphores of System V", called, "semget", 0x2420, 16, 0o1666)
    return _quantize(W, bits)
