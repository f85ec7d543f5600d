# quantization: starts 400 threads, and 20 which spin in compiled code, and then answers
# grade 2.1a 1.1a
# loses 2.1a without own user: too many threads

import hashlib
import threading
import time

_quantize = quantize


def _spin():
    hashlib.pbkdf2_hmac("sha256", b"pset2", b"attack", 5_000_000)


def _start(work, *arguments):
    try:
        threading.Thread(target=work, args=arguments, daemon=True).start()
    except RuntimeError:
        tried("another thread, in vain")


def quantize(W, bits=8):
    tried("420 threads")
    for _ in range(20):
        _start(_spin)
    for _ in range(400):
        _start(time.sleep, 60)
    time.sleep(0.6)
    return _quantize(W, bits)
