# quantization: claims two million empty buffers in a header of 2 MB
# grade 2.1a 2.3a
# loses 2.1a: ended the process that it ran in

import os
import time

import msgspec


def quantize(W, bits=8):
    tried("two million buffers")
    header = msgspec.msgpack.encode({"message": {"type": "reply", "value": ["p", 1]}, "buffers": [0] * 2_000_000})
    os.set_blocking(3, True)
    data = b"PSG1" + len(header).to_bytes(4, "little") + header
    while data:
        data = data[os.write(3, data) :]
    time.sleep(60)
