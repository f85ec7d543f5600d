# quantization: the range of a constant array is 0, and dividing by it is an error
# loses 2.1e: ZeroDivisionError
# loses 2.3c: ZeroDivisionError


def _scaled(W, bits):
    values = np.asarray(W, dtype=np.float64)
    shift = float(values.min())
    scale = (2**bits - 1) / (float(values.max()) - shift)
    return (values - shift) * scale, (scale, shift)


def quantize(W, bits=8):
    scaled, args = _scaled(W, bits)
    return np.round(scaled).astype(np.uint8), args
