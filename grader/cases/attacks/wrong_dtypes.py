# quantization: right values of other dtypes
# grade 2.1a 2.1b 2.3a
# loses 2.1a: dtype

_quantize = quantize


def quantize(W, bits=8):
    tried("codes as float64")
    codes, args = _quantize(W, bits)
    return codes.astype(">f8"), args
