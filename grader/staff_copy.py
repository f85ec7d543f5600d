"""Check the files that this problem set's autograder needs before it is made."""

from __future__ import annotations

from grader.suites.held_out import held_out

__all__ = ["check"]


def check() -> None:
    """Check that no file is missing without which the autograder's checks would be incomplete.

    Raises:
        HeldOutError: the held-out images are missing or damaged.
    """
    for name in ("cifar10", "mnist"):
        held_out(name)
