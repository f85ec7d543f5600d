"""An installation of this software that other users can run, for tests of the sandbox."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: An id that no user has.
ORDINARY_USER = 61_234


@dataclass(frozen=True)
class Installation:
    """A copy of the repository and an interpreter, both readable for everybody."""

    root: Path
    python: Path

    def command(self, *arguments: str) -> list[str]:
        return [str(self.python), *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        library = str(self.python.parent.parent / "lib")  # of Pythons whose own is a shared library
        own = {"PYTHONDONTWRITEBYTECODE": "1", "HOME": str(self.root), "LD_LIBRARY_PATH": library}
        return {**kept, **own, **more}


@contextmanager
def installation(owner: int = 0, *, private: bool = False) -> Iterator[Installation]:
    """Make an installation for a test.

    Args:
        owner: the user to whom the copy of the repository belongs.
        private: whether its secret folders are closed to all other users, as on Gradescope.
    """
    place = Path(tempfile.mkdtemp(prefix="harness-test-"))
    try:
        place.chmod(0o755)
        root = place / "repository"
        root.mkdir()
        for name in ("grader", "harness", "course", "fixtures"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", root)
        for path in (root, *root.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
            os.chown(path, owner, owner)
        if private:
            for name in ("suites", "solution", "data", "cases"):
                (root / "grader" / name).chmod(0o700)
        yield Installation(root, _python())
    finally:
        shutil.rmtree(place, ignore_errors=True)


@cache
def _python() -> Path:
    """This interpreter if other users can run it, or else a copy that is removed at the end of this process."""
    arguments = [sys.executable, "-c", "import torch"]
    options = {"user": ORDINARY_USER, "group": ORDINARY_USER, "extra_groups": []}
    try:
        if subprocess.run(arguments, cwd="/", capture_output=True, **options).returncode == 0:  # type: ignore[call-overload]
            return Path(sys.executable)
    except PermissionError:
        pass
    place = Path(tempfile.mkdtemp(prefix="harness-test-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    place.chmod(0o755)
    folder = place / "python"
    base = Path(sys.base_prefix)
    library = Path(sysconfig.get_paths()["stdlib"])
    left_out = shutil.ignore_patterns("__pycache__", "site-packages", "test", "tests", "idlelib", "config-*", "*.a")
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    shutil.copy(Path(sys.executable).resolve(), python)
    shutil.copytree(library, folder / library.relative_to(base), ignore=left_out)
    for shared in (base / "lib").glob("libpython*.so*"):
        shutil.copy(shared, folder / "lib")
    packages = folder / library.relative_to(base) / "site-packages"
    packages.mkdir()
    (packages / "here.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    return python
