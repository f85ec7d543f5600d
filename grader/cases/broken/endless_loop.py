# quantization: loops in quantize
# loses 2.1: Is there an endless loop
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d

def quantize(W, bits=8):
    while True:
        pass
