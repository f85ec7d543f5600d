# quantization: writes extended attributes, which have no size in the folder and stay with files that it may only read
# refused PermissionError OSError
# grade 2.1a

import ctypes
import os

_quantize = quantize
_system = ctypes.CDLL(None, use_errno=True)


def newer_call(path):
    # The call of Linux 6.13 that does the same: number 463.
    value = ctypes.create_string_buffer(b"16 bytes of data")
    arguments = (ctypes.c_uint64 * 2)(ctypes.addressof(value), 16)
    if _system.syscall(463, -100, path.encode(), 0, b"user.data", arguments, ctypes.c_size_t(16)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def by_descriptor(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.setxattr(descriptor, "user.data", b"16 bytes of data")
    finally:
        os.close(descriptor)


def quantize(W, bits=8):
    # Landlock doesn't ask about them.
    with open("mine", "w"):
        pass
    for path in "$ROOT/course/layers.py", os.__file__, "mine":
        attempt(f"give {path} an attribute", os.setxattr, path, "user.data", b"16 bytes of data")
        attempt(f"give {path} one by its descriptor", by_descriptor, path)
        attempt(f"give {path} one by the newest call", newer_call, path)
        attempt(f"take one from {path}", os.removexattr, path, "user.data")
    return _quantize(W, bits)
