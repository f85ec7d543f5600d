"""The self-check's own submission. Each function is a probe, which tries one thing that student code must not do.

A probe returns what it reached: a list of paths, or True. If it tried several things and all were refused, it returns
an empty list or False. Otherwise the system's exception is the refusal. Every probe has an argument with which it must
succeed, so that a broken probe is noticed; see :mod:`harness.isolation.self_check`.

No probe changes anything permanently, even if it succeeds.
"""

from __future__ import annotations

import os
import socket
import stat
import time


def read(paths: list[str]) -> list[str]:
    """Return the files and folders that can be read or listed."""
    reached = []
    for path in paths:
        try:
            if os.path.isdir(path):
                os.listdir(path)
            else:
                with open(path, "rb") as file:
                    file.read(10)
        except PermissionError:
            continue
        reached.append(path)
    return reached


def write(path: str) -> bool:
    with open(path, "a") as file:
        file.write("x")
    os.unlink(path)
    return True


def change_mode(path: str) -> bool:
    os.chmod(path, stat.S_IMODE(os.stat(path).st_mode))
    return True


def send_signal(pid: int | str) -> bool:
    os.kill(os.getpid() if pid == "self" else int(pid), 0)
    return True


def open_of_process(path: str) -> bool:
    with open(path, "rb"):
        return True


def environment(name: str) -> bool:
    """Whether a variable is in this process's environment, now or when it was started."""
    if name in os.environ:
        return True
    try:
        with open("/proc/self/environ", "rb") as file:
            return f"{name}=".encode() in file.read()
    except PermissionError:
        return False


def change_user(user: int | str) -> bool:
    os.setuid(os.getuid() if user == "self" else int(user))
    return True


def start_process() -> bool:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


def make_socket() -> bool:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    return True


def uncounted_memory() -> bool:
    os.close(os.memfd_create("hidden"))
    return True


def much_memory(size: int) -> bool:
    return len(bytearray(size)) == size


def large_file(size: int) -> bool:
    with open("large", "wb") as file:
        file.truncate(size)
    os.unlink("large")
    return True


def run_for(seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        pass
    return True
