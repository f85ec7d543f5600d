# quantization: sends its answer a byte at a time
# grade 2.1a 2.3a
# loses 2.1a: Is there an endless loop
# loses 2.3a: Is there an endless loop

import socket
import time

_send = socket.socket.send
tried("an answer byte by byte")


def _slowly(self, data):
    for byte in bytes(data):
        _send(self, bytes([byte]))
        time.sleep(0.1)


socket.socket.sendall = _slowly
