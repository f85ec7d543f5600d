# quantization: its functions are coroutines
# loses 2.1: coroutine
# loses 2.2: coroutine

async def quantize(W, bits=8):
    return W, ()


async def dequantize(codes, args):
    return codes
