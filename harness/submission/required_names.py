"""The names that a submission must define, by module and with their parts, as the manifest lists them.

A test checks that the manifest matches the stubs in ``student/``, which describe each name.
"""

from __future__ import annotations

import re

from harness.problem import problem

__all__ = ["DEFINES", "FILES", "MODULES", "NAMES", "PROVIDED"]

#: The modules that a submission consists of, by the part that each belongs to.
MODULES = problem().modules
FILES = tuple(f"{module}.py" for module in MODULES.values())

#: What each module defines, with the part that it belongs to.
NAMES = {module.name: module.names for module in problem().module}

#: A line that defines one of these names.
DEFINES = re.compile(
    rf"^(?:(?:def|class) +)?(?:{'|'.join(name for names in NAMES.values() for name in names)})\b *[(:=]", re.MULTILINE
)

#: What the course provides under the handout's names, and the module that has it.
PROVIDED = problem().provided
