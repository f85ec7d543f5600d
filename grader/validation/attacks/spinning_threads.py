# quantization: starts 400 threads, and 20 which spin in compiled code, and then answers
# refused RuntimeError
# grade 2.1a 1.1a
# may lose 2.1a

import hashlib
import threading
import time

_quantize = quantize


def _spin():
    hashlib.pbkdf2_hmac("sha256", b"pset2", b"attack", 20_000_000)


def _start():
    for _ in range(20):
        threading.Thread(target=_spin, daemon=True).start()
    for _ in range(400):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return "420 threads"


def quantize(W, bits=8):
    attempt("420 threads", _start)
    return _quantize(W, bits)
