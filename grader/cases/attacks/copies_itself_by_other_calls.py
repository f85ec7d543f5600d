# quantization: makes processes by vfork, clone with odd flags, and posix_spawn of the C library
# refused PermissionError OSError
# grade 2.1a

import ctypes
import os
import platform

_quantize = quantize
_system = ctypes.CDLL(None, use_errno=True)
CLONE = 56 if platform.machine() == "x86_64" else 220
OPEN_FILES, PARENT, UNTRACED, NEWUSER, IO = 0x400, 0x8000, 0x800000, 0x10000000, 0x80000000


def clone(flags):
    result = _system.syscall(CLONE, ctypes.c_ulong(flags), None, None, None, None)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if result == 0:
        os._exit(0)


def spawn():
    process, words = ctypes.c_int(), (ctypes.c_char_p * 2)(b"true", None)
    error = _system.posix_spawn(ctypes.byref(process), b"/bin/true", None, None, words, None)
    if error:
        raise OSError(error, os.strerror(error))


def popen():
    _system.popen.restype = ctypes.c_void_p
    if not _system.popen(b"true", b"r"):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def quantize(W, bits=8):
    # clone with CLONE_THREAD has to be free, or no thread starts. Nothing else has.
    attempt("clone like fork", clone, 17)
    attempt("clone beside the parent", clone, PARENT | 17)
    attempt("clone into a new user namespace", clone, NEWUSER | 17)
    attempt("clone untraced, without a signal", clone, UNTRACED)
    attempt("clone with the files", clone, OPEN_FILES | IO | 17)
    attempt("spawn by the C library", spawn)
    attempt("open a pipe to a program", popen)
    if _system.system(b"true") == 0:
        attempt("run a command", lambda: None)
    return _quantize(W, bits)
