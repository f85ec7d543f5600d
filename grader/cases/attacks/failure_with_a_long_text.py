# quantization: a failure of 3 MB of escape sequences and HTML, with 20,000 lines of code
# grade 2.1a 2.1b 2.3a
# loses 2.1

import os
import time

import msgspec


def quantize(W, bits=8):
    tried("a long failure")
    text = "</pre><img src=x onerror=alert(1)>\x1b[32mPASSED\x1b[0m\r\n\0\u202e\ud7ff"
    line = {"file": "../" + text, "line": -(2**63), "function": text, "code": ""}
    failure = {"kind": "died", "type_name": text, "message": text * 20_000, "stack": [line] * 15_000}
    message = {"type": "reply", "failure": failure}
    header = msgspec.msgpack.encode({"message": message, "buffers": []})
    data = b"PSG1" + len(header).to_bytes(4, "little") + header
    while data:
        data = data[os.write(3, data) :]
    time.sleep(60)
