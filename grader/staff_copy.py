"""What has to be there before this problem set's autograder is made."""

from __future__ import annotations

from grader.suites.held_out import held_out

__all__ = ["check"]


def check() -> None:
    """See that nothing is missing without which the autograder would grade and notice less.

    Raises:
        HeldOutError: the held-out images are missing or damaged.
    """
    for name in ("cifar10", "mnist"):
        held_out(name)
