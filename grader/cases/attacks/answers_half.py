# quantization: sends half of its answer and waits
# grade 2.1a 1.1a
# loses 2.1a: Is there an endless loop

import socket
import time

_send = socket.socket.send
tried("half of an answer")


def _half(self, data):
    _send(self, bytes(data)[: len(data) // 2])
    time.sleep(60)


socket.socket.sendall = _half
