# quantization: sends 250 open files along with each answer
# grade 2.1a 2.1b 2.3a
# loses 2.1: ended the process
# loses 2.3a: ended the process

import os
import socket

_send = socket.socket.send
tried("files for the grader")


def _with_files(self, data):
    files = [os.open("where", os.O_RDONLY) for _ in range(250)]
    data = bytes(data)
    sent = socket.send_fds(self, [data], files) if data else 0
    for one in files:
        os.close(one)
    while sent < len(data):
        sent += _send(self, data[sent:])


socket.socket.sendall = _with_files
