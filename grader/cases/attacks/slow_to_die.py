# quantization: holds memory, files, threads and children of children when it is stopped
# grade 2.1a 2.1b 2.3a
# loses 2.1: Is there an endless loop

import os
import threading
import time


class Slow:
    def __del__(self):
        while True:
            time.sleep(1)


_kept = Slow()


def quantize(W, bits=8):
    tried("hold much when stopped")
    held = [bytearray(b"x" * (8 << 20)) for _ in range(40)]
    files = [open(f"file-{index}", "wb") for index in range(50)]
    for _ in range(30):
        threading.Thread(target=time.sleep, args=(1000,)).start()
    for file in files:
        os.write(file.fileno(), b"x" * 10_000)
    while held:
        time.sleep(1000)
