# quantization: ends by the limits of processor time and stack, and by a call of another architecture
# grade 2.1a 2.2a 2.3a 1.1a
# loses 2.1a: the limit of processor time, SIGXCPU
# loses 2.2a: SIGSEGV
# loses 2.3a: SIG

import ctypes
import mmap
import resource
import sys


def quantize(W, bits=8):
    tried("SIGXCPU")
    resource.setrlimit(resource.RLIMIT_CPU, (1, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    while True:
        pass


def quantize_model(model, bits, stochastic=False, rng=None):
    tried("stack overflow")
    sys.setrecursionlimit(10**9)
    repeat = ctypes.CFUNCTYPE(None)

    @repeat
    def down():
        down()

    down()


def stochastic_quantize(W, bits=2, rng=None):
    tried("a 32-bit system call")
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
