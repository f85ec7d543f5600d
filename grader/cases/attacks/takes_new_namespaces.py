# quantization: makes namespaces, mounts, changes its root folder
# refused PermissionError
# grade 2.1a 2.1b

import ctypes
import os
import socket

_quantize = quantize
_libc = ctypes.CDLL(None, use_errno=True)


def _checked(function, *values):
    if function(*values) == -1:
        raise OSError(ctypes.get_errno(), "refused")


def quantize(W, bits=8):
    for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x08000000, 0x04000000, 0x02000000, 0x80):
        attempt(f"unshare {flag:#x}", _checked, _libc.unshare, flag)
    attempt("setns", _checked, _libc.setns, 0, 0)
    attempt("mount", _checked, _libc.mount, b"none", b"/nonexistent", b"tmpfs", ctypes.c_ulong(0), None)
    attempt("umount", _checked, _libc.umount2, b"/nonexistent", 0)
    attempt("chroot", os.chroot, "/")
    name = socket.gethostname()
    attempt("sethostname", socket.sethostname, name)
    for number in (428, 429, 430, 431, 432, 433, 442):
        attempt(f"the new mount call {number}", _checked, _libc.syscall, ctypes.c_long(number), -1, None, 0, None, 0)
    return _quantize(W, bits)
