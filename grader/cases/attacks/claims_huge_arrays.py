# quantization: arrays that claim 2^62, 2^80 and -1 elements, and sizes of buffers that are negative
# grade 2.1 2.3a
# loses 2.1: ended the process that it ran in

import os
import time

import msgspec

CLAIMS = [
    (["a", "|u1", [2**62], 0, False], [0]),
    (["a", "|u1", [2**40, 2**40], 0, False], [1]),
    (["a", "|u1", [-1], 0, False], [1]),
    (["a", "|u1", [-1, -1], 0, False], [1]),
    (["t", "int8", [0, 2**62, 2**62], 0, False], [0]),
    (["t", "int8", [2**63 - 1, 0], 0, True], [1]),
    (["a", "|u1", [1], 0, False], [-1]),
    (["a", "|u1", [1], 0, False], [2**63 - 1]),
    (["a", "|u1", [1], -1, False], [1]),
    (["a", "|u1", [1], 2**40, False], [1]),
    (["a", "<f8", [3], 0, False], [23]),
    (["b", 0], [257 << 20]),
    (["a", "|u1", [1] * 33, 0, False], [1]),
]


def quantize(W, bits=8):
    value, buffers = CLAIMS[int(abs(W).sum() * 1000) % len(CLAIMS)]
    tried("a claim about size")
    header = msgspec.msgpack.encode({"message": {"type": "reply", "value": value}, "buffers": buffers})
    os.write(3, b"PSG1" + len(header).to_bytes(4, "little") + header + bytes(min(max(buffers[0], 0), 1000)))
    time.sleep(60)
