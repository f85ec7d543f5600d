# quantization: a thread writes files while the grader waits for another process of the same test
# grade 2.1b 2.3a

import os
import threading
import time

_quantize, _dequantize = quantize, dequantize


def _write():
    """Write for as long as the other process works. Whoever is stopped meanwhile sees time jump."""
    last, until = time.monotonic(), time.monotonic() + 1
    while last < until:
        with open("harness-attack-meanwhile", "wb") as file:
            file.write(bytes(1 << 20))
        now = time.monotonic()
        if now - last > 0.5:
            return
        last = now
    attempt("write all the while", str)


def quantize(W, bits=8):
    tried("write while another works")
    threading.Thread(target=_write, daemon=True).start()
    return _quantize(W, bits)


def dequantize(codes, args):
    time.sleep(1.2)
    return _dequantize(codes, args)
