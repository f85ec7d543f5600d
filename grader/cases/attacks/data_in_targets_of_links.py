# quantization: puts the array into the targets of symbolic links, which Landlock lets everybody read
# refused PermissionError OSError
# grade 2.1d

import os

_quantize = quantize


def quantize(W, bits=8):
    # A link may point to 4,095 bytes of anything, takes no room in a folder, and is read without being opened.
    attempt("make a link of data", os.symlink, W.tobytes()[:1000].hex(), "link_of_data")
    attempt("read a link of the system", os.readlink, f"/proc/{os.getppid()}/cwd")
    return _quantize(W, bits)
