# quantization: uses a name that is not defined
# loses 2.1: name 'sclae' is not defined
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d

def quantize(W, bits=8):
    scale = (2**bits - 1) / (W.max() - W.min())
    return (W - W.min()) * sclae, scale
