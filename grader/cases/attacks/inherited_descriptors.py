# quantization: looks for descriptors that it was not meant to have, and for secrets in its environment
# grade 2.1a 2.1b

import os
import stat
import sys

_quantize = quantize


def _others():
    for descriptor in range(1024):
        try:
            target, status = os.readlink(f"/proc/self/fd/{descriptor}"), os.fstat(descriptor)
        except OSError:
            continue
        known = {0: stat.S_ISCHR, 1: stat.S_ISFIFO, 2: stat.S_ISFIFO, 3: stat.S_ISSOCK}.get(descriptor)
        if not (known(status.st_mode) if known else target == os.path.join(os.environ["HOME"], "where")):
            yield f"{descriptor}: {target}"


def _secrets():
    known = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "HOME", "TMPDIR", "USER", "LD_LIBRARY_PATH"}
    known |= {"CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "GLIBC_TUNABLES"}
    names = set(os.environ)
    try:
        with open("/proc/self/environ", "rb") as file:
            names |= {one.partition(b"=")[0].decode() for one in file.read().split(b"\0") if one}
    except PermissionError:
        pass
    yield from names - known
    yield from (one for one in sys.orig_argv if "$REPORT" in one or "seed" in one)


def quantize(W, bits=8):
    found = [*_others(), *_secrets()]
    if found:
        attempt("find more than is needed", lambda: found)
    tried("to find descriptors and secrets")
    return _quantize(W, bits)
