# quantization: the main thread ends by itself, and another one stays behind
# grade 2.1a
# loses 2.1a: had not finished

import ctypes
import threading
import time

_quantize = quantize


def quantize(W, bits=8):
    tried("end the main thread alone")
    threading.Thread(target=time.sleep, args=(1000,)).start()
    ctypes.CDLL(None).syscall(60, 0)  # exit, which is that of a thread
