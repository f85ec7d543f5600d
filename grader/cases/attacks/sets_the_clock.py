# training: sets the clock to what it is, and looks for other ways to move deadlines
# refused PermissionError OSError
# grade 1.1a 1.2a

import ctypes
import os
import time

_libc = ctypes.CDLL(None, use_errno=True)
_make_scheduler = make_scheduler


def _call(number, *values):
    if _libc.syscall(ctypes.c_long(number), *values) == -1:
        raise OSError(ctypes.get_errno(), "refused")


def make_scheduler(name, optimizer, epochs):
    attempt("set the clock", lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()))
    x86 = os.uname().machine == "x86_64"
    attempt("settimeofday", _call, 164 if x86 else 170, None, None)
    attempt("adjtimex", _call, 159 if x86 else 171, ctypes.create_string_buffer(256))
    attempt("clock_adjtime", _call, 305 if x86 else 266, 0, ctypes.create_string_buffer(256))
    return _make_scheduler(name, optimizer, epochs)
