# quantization: opens devices, terminals and kernel settings
# refused PermissionError OSError
# grade 2.1a 2.1b

import os

_quantize = quantize
DEVICES = "tty ptmx kmsg mem sda vda nvidiactl fuse net/tun console loop-control full shm mqueue".split()


def quantize(W, bits=8):
    for name in DEVICES:
        if os.path.exists(f"/dev/{name}"):
            attempt(f"open /dev/{name}", os.open, f"/dev/{name}", os.O_RDONLY | os.O_NONBLOCK)
    attempt("a pseudo-terminal", os.openpty)
    attempt("a file in /dev/shm", open, "/dev/shm/harness-attack", "w")
    attempt("/proc/sys", open, "/proc/sys/kernel/core_pattern")
    attempt("cgroups", os.listdir, "/sys/fs/cgroup")
    attempt("oom_score_adj", open, "/proc/self/oom_score_adj", "w")
    attempt("uid_map", open, "/proc/self/uid_map", "w")
    attempt("own memory as a file", open, "/proc/self/mem", "r+b")
    return _quantize(W, bits)
