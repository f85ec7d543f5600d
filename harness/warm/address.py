"""The address of this user's and repository's warm server, and the changes that need a new server."""

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
"""The beginnings of environment variables that a process only reads when it starts or imports torch."""

LONGEST = 100
"""The most bytes of the socket's path. The kernel allows 107."""
HEEDED = ("PYTHONUNBUFFERED", "PYTHONIOENCODING")
"""Variables with such a beginning that only change how a process writes."""


def address() -> Path | None:
    """The path of the socket in a private folder of this user; None if there is no such folder."""
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
    """A digest of the repository's code and of the installed packages, by the times of their files."""
    states = []
    packages = Path(sysconfig.get_paths()["purelib"])
    for path in (packages, ROOT / "pyproject.toml", *_files()):
        state = path.stat()
        states.append(f"{path} {state.st_mtime_ns} {state.st_size}")
    return hashlib.sha256("\n".join(states).encode()).hexdigest()


def _files() -> list[Path]:
    """The modules and manifests of all importable packages in the repository."""
    found: list[Path] = []
    for package in sorted(ROOT.glob("*/__init__.py")):
        for folder, folders, names in os.walk(package.parent):
            folders[:] = sorted({*folders} - {"__pycache__", "cases"})
            found += [Path(folder, name) for name in sorted(names) if name.endswith((".py", ".toml"))]
    return found


def startup_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment variables that take effect only when a process starts.

    The repository's own entry in Python's path doesn't count, because a warm server always has it.
    """
    found = {name: value for name, value in environment.items() if name.startswith(AT_START) and name not in HEEDED}
    path = [place for place in environment.get("PYTHONPATH", "").split(os.pathsep) if place not in ("", str(ROOT))]
    return {**found, "PYTHONPATH": os.pathsep.join(path)}
