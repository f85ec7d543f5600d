# quantization: memory that no limit counts: System V, POSIX queues, /dev/shm
# refused PermissionError OSError RuntimeError
# grade 2.1a 2.1b

import ctypes
import multiprocessing
import tempfile
from multiprocessing import shared_memory

import torch

_quantize = quantize
_libc = ctypes.CDLL(None, use_errno=True)


def _checked(function, *values):
    if function(*values) == -1:
        raise OSError(ctypes.get_errno(), "refused")


def quantize(W, bits=8):
    attempt("shmget", _checked, _libc.shmget, 0, ctypes.c_size_t(1 << 20), 0o1600)
    attempt("semget", _checked, _libc.semget, 0, 1, 0o1600)
    attempt("msgget", _checked, _libc.msgget, 0, 0o1600)
    attempt("shm_open", shared_memory.SharedMemory, "harness-attack", True, 1 << 20)
    attempt("a semaphore", multiprocessing.Semaphore)
    attempt("/dev/shm", tempfile.mkstemp, "", "harness-attack-", "/dev/shm")
    if hasattr(_libc, "mq_open"):
        attempt("mq_open", _checked, _libc.mq_open, b"/harness-attack", 0o102, 0o600, None)
    attempt("a shared tensor", lambda: torch.zeros(1 << 20).share_memory_())
    return _quantize(W, bits)
