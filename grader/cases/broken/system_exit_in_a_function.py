# quantization: raises SystemExit in quantize
# loses 2.1: SystemExit: done
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d

def quantize(W, bits=8):
    raise SystemExit("done")
