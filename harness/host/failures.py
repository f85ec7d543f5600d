"""Exceptions for failed calls into student code, with a text for the student."""

from __future__ import annotations

from harness.failure import Failure, StackLine, as_text

__all__ = ["SandboxError", "StudentError", "ended", "timed_out"]


class SandboxError(Exception):
    """The sandbox itself doesn't work. This is a fault of the grader or the machine, never of a submission."""


class StudentError(Exception):
    """A call into student code raised an exception, took too long, or ended its process."""

    def __init__(self, failure: Failure, called: str = "") -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.called = called
        """The call as the test made it, such as ``softmax(float32 array (64, 32), axis=1)``."""

    @property
    def not_implemented(self) -> bool:
        return self.failure.kind == "not implemented"

    @property
    def finding(self) -> str:
        """A sentence on what happened, without the lines of code."""
        failure = self.failure
        raised = f"{failure.type_name}: {failure.message}" if failure.message else failure.type_name
        match failure.kind:
            case "not implemented":
                return f"Not implemented yet: {failure.message}" if failure.message else "Not implemented yet."
            case "import":
                return f"The code of this part can't be imported: {raised}"
            case "exception":
                return f"{self.called or 'The call'} raised {raised}"
            case _:
                return failure.message

    def __str__(self) -> str:
        return self.finding if self.not_implemented else as_text(self.finding, self.failure.stack)


def timed_out(called: str, seconds: float, where: list[StackLine]) -> StudentError:
    """The error for a call that missed its deadline. ``where`` is the line that was running, if it is known."""
    if seconds < 0.01:
        message = f"{called} was stopped: earlier calls of this test have used up its time."
        return StudentError(Failure("timeout", "", message, where), called)
    had = f"{seconds:.0f}" if seconds >= 1 else f"{seconds:.1g}"
    at = " It was at this line:" if where else ""
    message = f"{called} had not finished after {had} seconds and was stopped.{at}"
    return StudentError(Failure("timeout", "TimeoutError", message, where), called)


def ended(called: str, how: str) -> StudentError:
    """The error for a worker that ended without an answer."""
    message = f"{called} ended the process that it ran in: {how}."
    return StudentError(Failure("died", "", message, []), called)
