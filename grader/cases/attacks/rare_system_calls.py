# quantization: io_uring, memfd, userfaultfd, bpf, keys, handles of files, reserved room, and calls that are newer than the filter
# refused PermissionError OSError
# grade 2.1a 2.1b

import ctypes
import os

_quantize = quantize
_libc = ctypes.CDLL(None, use_errno=True)
X86 = {"userfaultfd": 323, "bpf": 321, "perf_event_open": 298, "add_key": 248, "keyctl": 250}
X86 |= {"name_to_handle_at": 303, "open_by_handle_at": 304, "execveat": 322, "fanotify_init": 300, "modify_ldt": 154}
X86 |= {"personality": 135, "memfd_create": 319, "x32 getpid": 0x40000000 | 39}
NEW = {"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "clone3": 435, "openat2": 437}
NEW |= {"pidfd_getfd": 438, "process_madvise": 440, "process_mrelease": 448, "memfd_secret": 447, "fchmodat2": 452}
NEW |= {"setxattrat": 463, "open_tree_attr": 467, "a call to come": 500}


def _call(number):
    result = _libc.syscall(ctypes.c_long(number), ctypes.c_long(-1), None, None, None, None, None)
    if result == -1:
        raise OSError(ctypes.get_errno(), "system call")
    return result


def quantize(W, bits=8):
    calls = NEW | (X86 if os.uname().machine == "x86_64" else {})
    for name, number in calls.items():
        attempt(name, _call, number)
    if hasattr(os, "memfd_create"):
        attempt("os.memfd_create", os.memfd_create, "program")
    with open("harness-attack-reserved", "wb") as file:
        attempt("room for 50 GB", os.posix_fallocate, file.fileno(), 0, 50 << 30)
    return _quantize(W, bits)
