# quantization: tells a second process the weights by the processors on which threads of the stopped first one may run
# refused OSError PermissionError
# grade 2.1d 2.1e
# loses 2.1d
# loses 2.1e

import os
import threading
import time

import numpy as np

_parent = os.getppid()


def quantize(W, bits=8):
    for bit in np.unpackbits(W.ravel()[:1].view(np.uint8)):
        threading.Thread(target=_stay, args=(int(bit),), daemon=True).start()
    return np.zeros(W.shape, np.uint8), (float(os.getpid()), 0.0)


def _stay(bit):
    os.sched_setaffinity(0, {bit % os.cpu_count()})
    time.sleep(1e6)


def dequantize(codes, args):
    first = int(args[0])
    for process in {first, first + 1, _parent} - {os.getpid()}:  # of itself a process may know
        attempt("ask for the processors", os.sched_getaffinity, process)
        attempt("ask for the session", os.getsid, process)
        attempt("ask for the group", os.getpgid, process)
    return codes.astype(np.float32)
