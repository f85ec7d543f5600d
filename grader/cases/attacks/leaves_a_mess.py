# quantization: leaves 4,000 files, a nesting of 600 folders, folders without rights and odd names
# grade 2.1a 2.1b 2.3a
# may lose 2.1

import os

_quantize = quantize


def quantize(W, bits=8):
    tried("leave a mess")
    here = os.open(".", os.O_RDONLY)
    if not os.path.exists("mess"):
        os.mkdir("mess")
        for index in range(3000):
            open(f"mess/{index}", "w").close()
        for name in (b"mess/\xff\xfe", b"mess/\n\x1b[31m", b"mess/-rf", b"mess/*", b"mess/" + b"x" * 255):
            open(name, "w").close()
        os.mkdir("closed")
        open("closed/file", "w").close()
        os.mkdir("none", 0)
        for _ in range(600):
            os.mkdir("deep")
            os.chdir("deep")
        os.umask(0o777)
        os.mkdir("none")
        os.umask(0o022)
        os.fchdir(here)
    os.close(here)
    return _quantize(W, bits)
