# quantization: strings that UTF-8 can't write, among the extra arguments, their keys and what is printed
# grade 2.1a 2.1d 2.1g
# may lose 2.1a
# may lose 2.1d
# may lose 2.1g

import sys

_quantize, _dequantize = quantize, dequantize


def quantize(W, bits=8):
    tried("return halves of characters")
    sys.stdout.buffer.write(b"\xed\xa0\x80 \xff\n")
    codes, args = _quantize(W, bits)
    return codes, {"\ud800": args, "right": "\udfff", "args": args}


def dequantize(codes, args):
    return _dequantize(codes, args["args"])
