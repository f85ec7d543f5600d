"""Tasks for process pools, some of which end their process.

This module imports little, since each new process imports it.
"""

from __future__ import annotations

import os


def work(number: int) -> int:
    if number % 4 == 3:
        os._exit(1)
    return number * number


def refuse(number: int) -> int:
    if number == 2:
        raise TimeoutError("tried 3 times")
    return number


def grade_or_die(name: str) -> str:
    if name == "kills":
        os._exit(1)
    return name
