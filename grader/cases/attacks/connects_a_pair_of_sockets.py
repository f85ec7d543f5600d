# quantization: sends to others' Unix sockets with one half of a pair of sockets, which needs no socket()
# refused PermissionError
# grade 2.1a 2.1b

import socket

_quantize = quantize
ADDRESSES = ("\0pset2-attack", "/run/harness-attack", "harness-attack")


def _connected(kind, address):
    one, two = socket.socketpair(socket.AF_UNIX, kind)
    with one, two:
        one.connect(address)
        one.send(b"x")


def _sent(address):
    one, two = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, two:
        one.sendmsg([b"x"], [], 0, address)


def _bound(kind, address):
    one, two = socket.socketpair(socket.AF_UNIX, kind)
    with one, two:
        one.bind(address)
        return address


def quantize(W, bits=8):
    for address in ADDRESSES:
        attempt(f"connect a datagram socket to {address!r}", _connected, socket.SOCK_DGRAM, address)
        attempt(f"send a datagram to {address!r}", _sent, address)
    attempt("take a name", _bound, socket.SOCK_DGRAM, "\0pset2-attack-name")
    return _quantize(W, bits)
