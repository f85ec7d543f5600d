# quantization: becomes root, or takes back capabilities and limits
# refused PermissionError ValueError OSError
# grade 2.1a 2.1b

import ctypes
import os
import resource
import struct

_quantize = quantize
_libc = ctypes.CDLL(None, use_errno=True)


def _all_capabilities():
    header = struct.pack("<Ii", 0x20080522, 0)
    if _libc.capset(header, b"\xff" * 24) == -1:
        raise OSError(ctypes.get_errno(), "capset")


def _ambient():
    if _libc.prctl(47, ctypes.c_ulong(2), ctypes.c_ulong(21), ctypes.c_ulong(0), ctypes.c_ulong(0)) == -1:
        raise OSError(ctypes.get_errno(), "ambient")


def quantize(W, bits=8):
    other = 0 if os.getuid() else 12345
    attempt("setuid", os.setuid, other)
    attempt("setgid", os.setgid, other)
    attempt("seteuid", os.seteuid, other)
    attempt("setresuid", os.setresuid, other, other, other)
    attempt("setgroups", os.setgroups, [0, 1, 2])
    attempt("initgroups", os.setgroups, list(range(100)))
    attempt("capset", _all_capabilities)
    attempt("ambient capabilities", _ambient)
    for which in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        attempt(f"limit {which}", resource.setrlimit, which, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return _quantize(W, bits)
