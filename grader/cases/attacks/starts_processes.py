# quantization: starts processes in every way that Python knows
# refused PermissionError OSError
# grade 2.1a 2.1b

import multiprocessing
import os
import pty
import subprocess
import sys

_quantize = quantize


def _child():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return pid


def _pty():
    pid, _ = pty.fork()
    if pid == 0:
        os._exit(0)
    return pid


def quantize(W, bits=8):
    attempt("fork", _child)
    attempt("pty.fork", _pty)
    attempt("subprocess", subprocess.run, ["true"])
    attempt("a shell", lambda: subprocess.run("true", shell=True))
    attempt("posix_spawn", os.posix_spawn, "/bin/true", ["true"], {})
    attempt("popen", os.popen, "true")
    attempt("multiprocessing", multiprocessing.get_context("fork").Process(target=print).start)
    attempt("spawn", multiprocessing.get_context("spawn").Process(target=print).start)
    attempt("exec", os.execv, sys.executable, [sys.executable, "-c", ""])
    attempt("exec /bin/sh", os.execv, "/bin/sh", ["sh", "-c", "true"])
    if os.system("true") == 0:
        attempt("system", lambda: "it ran")
    return _quantize(W, bits)
