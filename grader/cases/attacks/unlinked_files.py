# quantization: writes 360 MB into files that it has removed and keeps open
# grade 2.1a 2.3a
# loses 2.1a: too many files, or too large ones

import os
import time


def quantize(W, bits=8):
    tried("files without a name")
    block, held = os.urandom(1 << 20), []
    for index in range(12):
        held.append(open(f"harness-attack-{index}", "wb"))
        os.remove(f"harness-attack-{index}")
        for _ in range(30):
            held[-1].write(block)
    time.sleep(60)
