# quantization: makes 20,000 files and folders, and waits
# grade 2.1a 2.3a
# loses 2.1a: too many files, or too large ones

import os
import time


def quantize(W, bits=8):
    tried("20,000 files")
    for index in range(10_000):
        os.mkdir(f"folder-{index}")
        open(f"folder-{index}/file", "w").close()
    time.sleep(60)
