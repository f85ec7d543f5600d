# quantization: a callback of the garbage collector and a finalizer never return
# grade 2.1a
# may lose 2.1a

import gc
import time
import weakref

_quantize = quantize


class Late:
    def __del__(self):
        while True:
            time.sleep(1)


def hang(phase, facts):
    while True:
        time.sleep(1)


def quantize(W, bits=8):
    answer = _quantize(W, bits)
    tried("let the next collection hang")
    late = Late()
    late.itself = late
    weakref.finalize(late, hang, None, None)
    del late
    gc.callbacks.append(hang)
    gc.set_threshold(1, 1, 1)
    return answer
