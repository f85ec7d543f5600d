# quantization: an object whose class has a name of 900 KB, with HTML, escape sequences, NUL and bidi marks
# grade 2.1a 2.1b 2.3a
# loses 2.1: expected two things

import os
import time

import msgspec


def quantize(W, bits=8):
    tried("a long name")
    name = "<script>alert(1)</script>\x1b[2J\x1b]0;passed\x07\0\u202e\u2066" * 20_000
    value = ["h", 0, "object", name]
    header = msgspec.msgpack.encode({"message": {"type": "reply", "value": value}, "buffers": []})
    data = b"PSG1" + len(header).to_bytes(4, "little") + header
    while data:
        data = data[os.write(3, data) :]
    time.sleep(60)
