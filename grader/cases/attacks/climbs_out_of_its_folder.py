# quantization: reaches the repository by /proc/self/cwd, /proc/self/root and descriptors of folders
# refused PermissionError
# grade 2.1a 2.1b

import os

_quantize = quantize
SOLUTION = "$ROOT/grader/solution/quantization.py"


def _by_descriptor(folder, path):
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        return os.open(path, os.O_RDONLY, dir_fd=descriptor)
    finally:
        os.close(descriptor)


def _again_through_proc(path):
    descriptor = os.open(path, os.O_PATH)
    try:
        return os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
    finally:
        os.close(descriptor)


def quantize(W, bits=8):
    up = "../" * 20
    attempt("by ..", os.open, up + SOLUTION[1:], os.O_RDONLY)
    attempt("by /proc/self/root", os.open, "/proc/self/root" + SOLUTION, os.O_RDONLY)
    attempt("by /proc/self/cwd", os.open, "/proc/self/cwd/" + up + SOLUTION[1:], os.O_RDONLY)
    attempt("by the course's folder", os.open, "$ROOT/course/../grader/solution/quantization.py", os.O_RDONLY)
    attempt("by a descriptor of /", _by_descriptor, "/", SOLUTION[1:])
    attempt("by a descriptor of its folder", _by_descriptor, "$ROOT/grader/solution", "quantization.py")
    attempt("by a descriptor of the file", _again_through_proc, SOLUTION)
    here = os.open(".", os.O_RDONLY)
    os.chdir("/")
    attempt("from the root folder", os.open, SOLUTION[1:], os.O_RDONLY)
    os.fchdir(here)
    os.close(here)
    return _quantize(W, bits)
