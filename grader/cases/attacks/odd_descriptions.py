# quantization: values that no encoder writes: objects, dates, structures, shared buffers, odd keys
# grade 2.1 2.3a
# loses 2.1: ended the process that it ran in

import os
import time

import msgspec

U1, NAN = ["a", "|u1", [1], 0, False], ["p", float("nan")]
ODD = [
    (["a", "|O", [1], 0, False], [8]),
    (["a", "<M8[s]", [1], 0, False], [8]),
    (["a", "|V8", [1], 0, False], [8]),
    (["a", "<U2", [1], 0, False], [8]),
    (["a", "u1,u1", [4], 0, False], [8]),
    (["a", "(8,)u1", [1], 0, False], [8]),
    (["a", "u1" * 100_000, [1], 0, False], [8]),
    (["t", "quint8", [8], 0, False], [8]),
    (["t", "__class__", [8], 0, False], [8]),
    (["l", "list", [U1, U1]], [1]),
    (["l", "set", [["p", 1]]], []),
    (["d", [[["l", "list", []], ["p", 1]]]], []),
    (["d", [[NAN, ["p", 1]]]], []),
    (["d", [[["i", hex(2**64)], ["p", 1]]]], []),
    (["i", "zz"], []),
    (["h", 1, "type", "str"], []),
    (["q", 1], []),
    (["p", [1]], []),
    ({"p": 1}, []),
    (None, []),
]


def quantize(W, bits=8):
    value, buffers = ODD[int(abs(W).sum() * 1000) % len(ODD)]
    tried("a value that no encoder writes")
    header = msgspec.msgpack.encode({"message": {"type": "reply", "value": value}, "buffers": buffers})
    os.write(3, b"PSG1" + len(header).to_bytes(4, "little") + header + bytes(sum(buffers)))
    time.sleep(60)
