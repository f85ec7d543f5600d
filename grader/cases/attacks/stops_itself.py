# quantization: stops itself with SIGSTOP
# grade 2.1a 2.3a
# loses 2.1a: Is there an endless loop

import os
import signal


def quantize(W, bits=8):
    tried("SIGSTOP")
    os.kill(os.getpid(), signal.SIGSTOP)
