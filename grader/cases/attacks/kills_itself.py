# quantization: ends by SIGKILL, by SIGABRT and by a crash
# grade 2.1a 2.2a 2.3a 1.1a
# loses 2.1a: SIGKILL
# loses 2.2a: SIGABRT
# loses 2.3a: SIGSEGV

import ctypes
import os
import signal


def quantize(W, bits=8):
    tried("SIGKILL")
    os.kill(os.getpid(), signal.SIGKILL)


def quantize_model(model, bits, stochastic=False, rng=None):
    tried("abort")
    os.abort()


def stochastic_quantize(W, bits=2, rng=None):
    tried("a null pointer")
    ctypes.string_at(0)
