"""Run a submission's experiments in the sandbox (Linux): the child of :mod:`grader.rerun`.

This process is trusted until it is in the sandbox. Only then it imports student code and the experiments. So its
results are trusted no more than submitted results, and the grader measures them in the same way.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

__all__ = ["Order", "main"]


class Order(msgspec.Struct, frozen=True):
    """The settings of the run."""

    student: str
    """The folder with the modules, in ``scratch``."""
    out: str
    scratch: str
    parts: tuple[str, ...]
    profile: str
    seed: int
    device: str
    threads: int
    data: str
    """The folder with complete data sets."""
    torch_home: str
    """The folder with weights that torchvision has downloaded."""
    file_bytes: int
    """The most bytes of a file."""


def main() -> None:
    """Read an :class:`Order` from standard input and carry it out. Print a line for each part."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    os.environ.update(DATA_DIR=order.data, TORCH_HOME=order.torch_home)
    from course.experiments.profiles import PROFILES
    from course.experiments.runner import Plan, Session

    _enclose(order)
    import torch

    torch.set_num_threads(order.threads)
    device = torch.device(order.device)
    profile = PROFILES[order.profile]
    plan = Plan(order.parts, profile, Path(order.student), Path(order.out), order.seed, resume=True)
    session = Session(plan, device)
    for part in order.parts:
        record = session.run(part)
        print(f"{part} {record.title}: {record.state}. {record.reason}".rstrip(" ."), flush=True)


def _enclose(order: Order) -> None:
    import resource  # needs POSIX

    from harness import ROOT
    from harness.isolation.sandbox import detect_layers, enter_sandbox

    gpu = not order.device.startswith("cpu")
    # CUDA needs system calls and files that workers may not use, so on a GPU only the user id isolates.
    sandbox = detect_layers(Path(order.scratch), without=("Landlock", "seccomp") if gpu else ())
    user = sandbox.first_user
    if user is not None:
        for path in (
            Path(order.scratch),
            Path(order.out),
            *Path(order.scratch).rglob("*"),
            *Path(order.out).rglob("*"),
        ):
            os.chown(path, user, user, follow_symlinks=False)
    os.chdir(order.scratch)
    for limit, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, order.file_bytes)):
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))
    read = [str(ROOT / "course"), str(ROOT / "fixtures"), order.data, order.torch_home]
    enter_sandbox(sandbox, user, read=read, write=[order.scratch, order.out])


if __name__ == "__main__":
    main()
