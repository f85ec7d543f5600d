# quantization: sends bytes out of band between those of its answers
# grade 2.1a 1.1a
# may lose 2.1a

import socket

_send, _sendall = socket.socket.send, socket.socket.sendall
tried("urgent bytes")


def _urgent(self, data):
    data = bytes(data)
    _sendall(self, data[:5])
    try:
        _send(self, b"!", socket.MSG_OOB)
    except OSError:
        pass
    _sendall(self, data[5:])


socket.socket.sendall = _urgent
