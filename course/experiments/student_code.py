"""The student's modules for experiments, imported from any folder as the package ``student``."""

from __future__ import annotations

import importlib
import sys
import traceback
import types
from pathlib import Path

from course.records import code_digest
from harness.problem import problem

__all__ = ["MODULES", "NotImplementedYet", "StudentCode", "StudentCodeError", "blame"]

MODULES = tuple(module.name for module in problem().module)


class StudentCodeError(Exception):
    """The student's code can't be used. The text is one sentence."""


class NotImplementedYet(StudentCodeError):
    """A function or constant is still a stub."""


class StudentCode:
    """The six modules as attributes: ``code.pruning`` is the student's pruning.py, imported when it is first used.

    An attribute raises :class:`StudentCodeError` if its file is missing, and whatever the module raises on import.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        for name in [name for name in sys.modules if name == "student" or name.startswith("student.")]:
            del sys.modules[name]  # modules of another folder
        package = types.ModuleType("student")
        package.__path__ = [str(self.folder)]
        sys.modules["student"] = package

    def __getattr__(self, name: str) -> types.ModuleType:
        if name not in MODULES:
            raise AttributeError(name)
        if not (self.folder / f"{name}.py").is_file():
            raise StudentCodeError(f"{name}.py is missing in {self.folder.name}/")
        return importlib.import_module(f"student.{name}")

    def constant(self, module: str, name: str) -> object:
        """Return a constant of a module.

        Raises:
            NotImplementedYet: the module doesn't define it, or it is None as in the stub.
        """
        value = getattr(getattr(self, module), name, None)
        if value is None:
            raise NotImplementedYet(f"{name} in {module}.py is not set yet")
        return value

    def digests(self, modules: tuple[str, ...]) -> dict[str, str]:
        """Return the :func:`code_digest` of each module's file by file name. Missing files are left out."""
        paths = [self.folder / f"{name}.py" for name in modules]
        return {path.name: code_digest(path) for path in paths if path.is_file()}


def blame(error: BaseException, folder: Path) -> StudentCodeError | None:
    """Describe an exception that the student's code raised; None if other code raised it."""
    if isinstance(error, StudentCodeError):
        return error
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent == folder.resolve()]
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).parent == folder.resolve():
        return StudentCodeError(f"{Path(error.filename).name}, line {error.lineno}: SyntaxError: {error.msg}")
    if not own:
        return None
    if isinstance(error, NotImplementedError) and own[-1] is frames[-1]:
        what = str(error) or f"{own[-1].name} in {Path(own[-1].filename).name}"
        return NotImplementedYet(f"not implemented yet: {what}")
    last = own[-1]
    text = " ".join(str(error).split())[:300]
    return StudentCodeError(f"{Path(last.filename).name}, line {last.lineno}: {type(error).__name__}: {text}")
