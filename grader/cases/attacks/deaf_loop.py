# quantization: loops with every signal blocked and ignored, timers set, and in 20 threads
# grade 2.1a 2.3a
# loses 2.1a: Is there an endless loop

import faulthandler
import signal
import threading


def _loop():
    while True:
        pass


def quantize(W, bits=8):
    tried("a loop that hears nothing")
    faulthandler.unregister(signal.SIGUSR1)
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    for _ in range(20):
        threading.Thread(target=_loop).start()
    _loop()
