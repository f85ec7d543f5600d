# quantization: threads, timers, destructors and handlers at exit that write forged answers later
# grade 2.1a 2.1b 2.3a

import atexit
import os
import threading
import time
import weakref

_quantize = quantize
FORGED = b"PSG1\x10\x00\x00\x00passed" + b"x" * 10


def _write():
    for descriptor in range(3, 10):
        try:
            os.write(descriptor, FORGED)
        except OSError:
            pass


def _late():
    time.sleep(1.5)
    _write()


class Last:
    def __del__(self):
        _write()


_last = Last()


def quantize(W, bits=8):
    tried("write later")
    atexit.register(_write)
    threading.Thread(target=_late).start()
    threading.Timer(1.5, _write).start()
    weakref.finalize(_last, _write)
    return _quantize(W, bits)
