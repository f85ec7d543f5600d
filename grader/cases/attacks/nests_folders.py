# quantization: leaves 3,000 folders, each in the one before, without rights
# grade 2.1a 2.1b 2.3a
# loses 2.1: folders that can't be looked into

import os

_quantize = quantize


def quantize(W, bits=8):
    tried("3,000 folders deep")
    here = os.open(".", os.O_RDONLY)
    if not os.path.exists("deep"):
        for _ in range(3000):
            os.mkdir("deep", 0o300)
            os.chdir("deep")
        open("file", "w").close()
        os.fchdir(here)
    os.close(here)
    return _quantize(W, bits)
