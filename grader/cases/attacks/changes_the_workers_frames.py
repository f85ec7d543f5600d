# quantization: a trace function changes local variables of the worker's own code while it makes the answer
# grade 2.1a 2.1c
# may lose 2.1a
# may lose 2.1c

import ctypes
import sys

_quantize = quantize


def change(frame, event, argument):
    for name, value in list(frame.f_locals.items()):
        if isinstance(value, (int, str)) and not name.startswith("_") and frame.f_code.co_filename != __file__:
            frame.f_locals[name] = type(value)()
    ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
    return change


def quantize(W, bits=8):
    answer = _quantize(W, bits)
    tried("change the worker's variables")
    frame = sys._getframe(1)
    while frame is not None:
        frame.f_trace = change
        frame = frame.f_back
    sys.settrace(change)
    return answer
