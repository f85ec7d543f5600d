# quantization: writes twelve files of 30 MB each and waits
# grade 2.1a 2.3a
# loses 2.1a: too many files, or too large ones

import os
import time


def quantize(W, bits=8):
    tried("360 MB in files")
    block = os.urandom(1 << 20)
    for index in range(12):
        with open(f"harness-attack-{index}", "wb") as file:
            for _ in range(30):
                file.write(block)
    time.sleep(60)
