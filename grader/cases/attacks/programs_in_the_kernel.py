# quantization: loads programs into the kernel, measures it, and answers page faults of its own
# refused PermissionError OSError
# grade 2.1a

import ctypes
import os
import platform

_quantize = quantize
_system = ctypes.CDLL(None, use_errno=True)
NUMBERS = {"bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "kexec_load": 246, "init_module": 175}
if platform.machine() != "x86_64":
    NUMBERS = {"bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "kexec_load": 104, "init_module": 105}


def call(name, *arguments):
    if _system.syscall(NUMBERS[name], *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def quantize(W, bits=8):
    attributes = (ctypes.c_uint32 * 32)(2, 4, 4, 1)  # an array of one number
    attempt("make a map of bpf", call, "bpf", 0, attributes, 128)
    software = (ctypes.c_uint32 * 32)(1, 128)
    attempt("count the server's switches", call, "perf_event_open", software, os.getppid(), -1, -1, 0)
    attempt("count its own switches", call, "perf_event_open", software, 0, -1, -1, 0)
    attempt("answer page faults", call, "userfaultfd", 1)
    attempt("load another kernel", call, "kexec_load", 0, 0, None, 0)
    attempt("load a module", call, "init_module", None, 0, b"")
    return _quantize(W, bits)
