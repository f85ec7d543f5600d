# quantization: claims a header of 4 GB
# grade 2.1a 2.1b 2.3a
# loses 2.1: ended the process that it ran in: the worker's answer is not a frame.

import os
import time


def quantize(W, bits=8):
    tried("a header of 4 GB")
    os.write(3, b"PSG1" + b"\xff" * 4 + b"x" * 100)
    time.sleep(60)
