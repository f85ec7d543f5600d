# quantization: dequantize computes in float16, so values come back with three digits
# loses 2.1b: dequantize computes in float16
# loses 2.1d: dequantize computes in float16
# loses 2.1e: dequantize computes in float16
# loses 2.1f: dequantize computes in float16
# may lose 2.2e


def dequantize(codes: np.ndarray, args: Arguments) -> np.ndarray:
    scale, shift = args
    return np.asarray(codes, dtype=np.float16) / np.float16(scale) + np.float16(shift)
