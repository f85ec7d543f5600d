"""Where the warm server of this user and repository listens, and what it must be started anew for."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path

from harness import ROOT

__all__ = ["address", "code_digest", "startup_variables"]

AT_START = ("PYTHON", "OMP_", "MKL_", "OPENBLAS_", "LD_", "CUDA_", "GLIBC_", "MALLOC_")
"""The beginnings of variables that a process heeds when it starts, or imports torch, and never again."""

LONGEST = 100
"""the bytes of a socket's path; the kernel takes 107"""
HEEDED = ("PYTHONUNBUFFERED", "PYTHONIOENCODING")
"""those of them that change how a process writes, and nothing else"""


def address() -> Path | None:
    """The path of the socket, in a folder that no other user can look into; None where there is no such folder."""
    if sys.platform != "linux":
        return None
    which = "\n".join((str(ROOT), sys.executable, sys.version))
    name = Path(f"harness-warm-{os.getuid()}", hashlib.sha256(which.encode()).hexdigest()[:24])
    bases = filter(None, (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir()))
    path = next((found for base in bases if len(os.fsencode(found := Path(base, name))) <= LONGEST), None)
    if path is None:
        return None
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        state = path.parent.lstat()
    except OSError:
        return None
    closed = stat.S_ISDIR(state.st_mode) and state.st_uid == os.getuid() and not state.st_mode & 0o077
    return path if closed else None


def code_digest() -> str:
    """A digest of the repository's code and of the packages that are installed, by the times of their files."""
    states = []
    packages = Path(sysconfig.get_paths()["purelib"])
    for path in (packages, ROOT / "pyproject.toml", *_files()):
        state = path.stat()
        states.append(f"{path} {state.st_mtime_ns} {state.st_size}")
    return hashlib.sha256("\n".join(states).encode()).hexdigest()


def _files() -> list[Path]:
    """The modules and manifests of all packages in the repository that could be imported."""
    found: list[Path] = []
    for package in sorted(ROOT.glob("*/__init__.py")):
        for folder, folders, names in os.walk(package.parent):
            folders[:] = sorted({*folders} - {"__pycache__", "cases"})
            found += [Path(folder, name) for name in sorted(names) if name.endswith((".py", ".toml"))]
    return found


def startup_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Those variables that a process which runs already can't be given.

    The repository itself may stand on Python's path or not: a warm server has it there.
    """
    found = {name: value for name, value in environment.items() if name.startswith(AT_START) and name not in HEEDED}
    path = [place for place in environment.get("PYTHONPATH", "").split(os.pathsep) if place not in ("", str(ROOT))]
    return {**found, "PYTHONPATH": os.pathsep.join(path)}
