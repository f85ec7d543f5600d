# quantization: reads which connections the machine has, and the names of its sockets
# refused PermissionError
# grade 2.1a

_quantize = quantize


def quantize(W, bits=8):
    for name in ("tcp", "udp", "unix", "route", "arp"):
        attempt(f"net/{name}", lambda name=name: open(f"/proc/self/net/{name}").read())
        attempt(f"net/{name} by its thread", lambda name=name: open(f"/proc/thread-self/net/{name}").read())
    return _quantize(W, bits)
