# quantization: sends (harmless) signals to the grader, the server, and everybody
# refused PermissionError ProcessLookupError
# grade 2.1a 2.1b 2.3a

import ctypes
import os
import signal

_quantize = quantize
_libc = ctypes.CDLL(None, use_errno=True)


def _call(number, *values):
    if _libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, values)) == -1:
        raise OSError(ctypes.get_errno(), "system call")


def quantize(W, bits=8):
    x86 = os.uname().machine == "x86_64"
    for pid in (int("$GRADER"), os.getppid(), -int("$GRADER"), -os.getppid(), 0, -1, 1):
        attempt(f"signal 0 to {pid}", os.kill, pid, 0)
    for pid in (int("$GRADER"), os.getppid()):
        for number in (signal.SIGCONT, signal.SIGURG):
            attempt(f"kill {pid}", os.kill, pid, number)
            attempt(f"tkill {pid}", _call, 200 if x86 else 130, pid, number)
            attempt(f"tgkill {pid}", _call, 234 if x86 else 131, pid, pid, number)
        attempt(f"killpg {pid}", os.killpg, pid, 0)
        attempt(f"pidfd_open {pid}", _call, 434, pid, 0)
        attempt(f"pidfd_send_signal {pid}", _call, 424, 0, 0, 0, 0)
        attempt(f"sigqueue {pid}", _libc_sigqueue, pid)
    high = 1 << 32
    attempt("a process id with a bit too many", _call, 62 if x86 else 129, high | int("$GRADER"), 0)
    return _quantize(W, bits)


def _libc_sigqueue(pid):
    if _libc.sigqueue(pid, 0, ctypes.c_void_p()) == -1:
        raise OSError(ctypes.get_errno(), "sigqueue")
