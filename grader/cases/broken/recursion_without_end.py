# quantization: calls itself without end
# loses 2.1: RecursionError
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d

def quantize(W, bits=8):
    return quantize(W, bits)
