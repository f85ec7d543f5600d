# quantization: a thread writes 360 MB while the grader waits for another process of the same test
# grade 2.1b 2.3a
# may lose 2.1b

import os
import threading
import time

_quantize, _dequantize = quantize, dequantize


def _write():
    block = os.urandom(1 << 20)
    for index in range(12):
        with open(f"pset2-attack-{index}", "wb") as file:
            for _ in range(30):
                file.write(block)


def quantize(W, bits=8):
    tried("write while another works")
    threading.Thread(target=_write, daemon=True).start()
    return _quantize(W, bits)


def dequantize(codes, args):
    time.sleep(1.2)
    return _dequantize(codes, args)
