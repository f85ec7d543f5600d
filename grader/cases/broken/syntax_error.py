# quantization.py: a parenthesis is not closed
# loses 2.1: quantization.py, line
# loses 2.2
# loses 2.3

def quantize(W, bits=8:
    return W
