"""How a call into student code went wrong, as an exception with a text for the student."""

from __future__ import annotations

from harness.protocol import Failure

__all__ = ["SandboxError", "StudentError", "ended", "timed_out"]


class SandboxError(Exception):
    """The sandbox itself doesn't work: a fault of the grader or the machine, never of a submission."""


class StudentError(Exception):
    """A call into student code raised an exception, took too long, or ended its process."""

    def __init__(self, failure: Failure, called: str = "") -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.called = called
        """how the test made the call, for example ``softmax(float32 array (64, 32), axis=1)``"""

    @property
    def not_implemented(self) -> bool:
        return self.failure.kind == "not implemented"

    def __str__(self) -> str:
        failure = self.failure
        if failure.kind == "not implemented":
            return f"Not implemented yet: {failure.message}" if failure.message else "Not implemented yet."
        if failure.kind in ("missing", "timeout", "died"):
            lines = [failure.message]
        else:
            raised = f"{failure.type_name}: {failure.message}" if failure.message else failure.type_name
            if failure.kind == "import":
                lines = [f"The file can't be imported: {raised}"]
            else:
                lines = [f"{self.called or 'The call'} raised {raised}"]
        if failure.type_name == "PermissionError":
            lines.append("  (While it is graded, code can't start processes, open connections, or reach other files.)")
        elif failure.type_name in ("URLError", "HTTPError", "gaierror"):
            lines.append("  (While it is graded, code has no network; what the handout downloads is there already.)")
        elif any(word in failure.message for word in ("NVIDIA", "CUDA", "cudaGetDeviceCount")):
            lines.append("  (Code is graded on the CPU: take cuda only where torch.cuda.is_available().)")
        for line in failure.stack:
            if not line.file:
                lines.append(f"  {line.function}")
                continue
            function = f", in {line.function}" if line.function not in ("", "<module>") else ""
            number = f", line {line.line}" if line.line else ""
            lines.append(f"  {line.file}{number}{function}")
            if line.code:
                lines.append(f"    {line.code}")
        return "\n".join(lines)


def timed_out(called: str, seconds: float, where: str) -> StudentError:
    """A call that was not answered by its deadline; ``where`` is the line it was at, if that is known."""
    at = f" When it was stopped it was at {where}." if where else ""
    if seconds < 0.01:
        message = f"{called} was stopped: earlier calls of this test have used up its time."
    else:
        had = f"{seconds:.0f}" if seconds >= 1 else f"{seconds:.1g}"
        message = f"{called} had not finished after {had} seconds and was stopped.{at} Is there an endless loop?"
    return StudentError(Failure("timeout", "", message, []), called)


def ended(called: str, how: str) -> StudentError:
    """A worker that is gone without an answer."""
    message = f"{called} ended the process that it ran in: {how}."
    return StudentError(Failure("died", "", message, []), called)
