# quantization: fills the memory in quantize
# loses 2.1: MemoryError
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d

def quantize(W, bits=8):
    return [0] * 10**10, ()
