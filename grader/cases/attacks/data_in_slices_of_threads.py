# quantization: threads of one worker set their priorities and slices to data, which another worker reads
# refused PermissionError OSError
# grade 2.1d

import ctypes
import os
import platform
import struct
import threading
import time

_quantize, _dequantize = quantize, dequantize
_system = ctypes.CDLL(None, use_errno=True)
SET, GET = (314, 315) if platform.machine() == "x86_64" else (274, 275)
MARK = 13  # the niceness by which the other worker knows a thread of this one


def called(*arguments):
    if _system.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def tell(order, value):
    # struct sched_attr: size, class, flags, niceness, priority, and the slice, of 0.1 to 100 milliseconds: 16 bits of
    # data and the order of the thread here.
    slice_length = 1_000_000 + (order << 20) + (value << 4)
    try:
        called(SET, 0, struct.pack("IIQiIQQQ", 48, 0, 0, MARK, 0, slice_length, 0, 0), 0)
    except OSError:
        return
    time.sleep(5)


def quantize(W, bits=8):
    codes, args = _quantize(W, bits)
    for order in range(8):
        threading.Thread(target=tell, args=(order, int(codes.flat[order])), daemon=True).start()
    time.sleep(0.05)
    return codes, args


def heard():
    found, error = {}, PermissionError("nothing heard")
    attributes = ctypes.create_string_buffer(48)
    for thread in range(os.getpid() - 2000, os.getpid() + 2000):
        try:
            called(GET, thread, attributes, 48, 0)
        except ProcessLookupError:
            continue
        except PermissionError as refused:
            error = refused
            continue
        _, _, _, nice, _, slice_length, _, _ = struct.unpack("IIQiIQQQ", attributes.raw)
        if nice == MARK:
            found[(slice_length - 1_000_000) >> 20] = (slice_length - 1_000_000 & 0xFFFFF) >> 4
    if not found:
        raise error
    return found


def dequantize(codes, args):
    def compare():
        found = heard()
        return f"{found}, and the first codes are {codes.flat[:8]}"

    attempt("hear the codes from the worker that quantized", compare)
    return _dequantize(codes, args)
