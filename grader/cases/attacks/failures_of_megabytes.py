# quantization: a failure of 1 MB in each test, to be cut, stored and written again and again
# grade 2.1
# loses 2.1: xxxx

tried("1 MB of text")
import os as _os, time as _time, msgspec as _msgspec
_text = "x" * 1_040_000
_failure = {"kind": "exception", "type_name": "E", "message": _text, "stack": []}
_head = _msgspec.msgpack.encode({"message": {"type": "reply", "failure": _failure}, "buffers": []})
_data = b"PSG1" + len(_head).to_bytes(4, "little") + _head
while _data:
    _data = _data[_os.write(3, _data):]
_time.sleep(60)
