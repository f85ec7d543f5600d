# quantization: answers with a call, with nothing, with a value and a failure, with another magic
# grade 2.1 2.3a
# loses 2.1: ended the process that it ran in

import os
import time

import msgspec

MESSAGES = [
    {"type": "call", "function": "unpickled", "args": [], "kwargs": {}},
    {"type": "reply"},
    {"type": "reply", "value": None, "failure": None},
    {"type": "passed"},
    {},
    [],
]


def quantize(W, bits=8):
    message = MESSAGES[int(abs(W).sum() * 1000) % len(MESSAGES)]
    tried("another message")
    header = msgspec.msgpack.encode({"message": message, "buffers": []})
    os.write(3, b"PSG1" + len(header).to_bytes(4, "little") + header)
    time.sleep(60)
