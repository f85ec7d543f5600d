"""Grading on the CPU of a GPU host, as far as that can be tried without one."""

from __future__ import annotations

import re
import sys

import pytest
import torch
from torch import Tensor

from course.stand_ins import resnet18_stand_in
from grader import worker_functions
from harness import ROOT, gpu
from harness.failure import Failure
from harness.grading import grade
from harness.isolation.limits import Limits
from harness.submission.hints import hints
from harness.submission.intake import find
from harness.validation.cases import SOLUTION

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no fork server")


def test_the_server_makes_no_backward_pass(monkeypatch):
    """Where there is a driver, the first one starts a thread, and a process with threads can't be forked."""
    from harness.worker import server

    def backward(self: Tensor) -> None:
        raise AssertionError("a backward pass in the server")

    monkeypatch.setattr(Tensor, "backward", backward)
    monkeypatch.setattr(torch.autograd, "backward", backward)
    monkeypatch.setattr(torch.autograd, "grad", backward)
    monkeypatch.setattr(server, "_assert_one_thread", lambda: None)  # the test process has several
    monkeypatch.setattr(server.warnings, "filterwarnings", lambda *_: None)
    server._warm_up()


def test_the_warning_names_a_section_that_says_what_to_do(monkeypatch, tmp_path):
    named = re.search(r"(docs/\S+) says under (.+) what to do\.$", gpu.warning())
    assert named is not None
    page, section = named.groups()
    text = (ROOT / page).read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    assert "Use `-u 0` with `--device cuda`" in text
    monkeypatch.setattr(gpu, "ROOT", tmp_path)  # a copy of the example has no pages
    assert gpu.warning().endswith("without Landlock and the filter of system calls.")


def test_that_the_driver_is_out_of_reach_is_nothing_that_a_student_printed(submission, launcher):
    said = (
        "\nimport warnings\n"
        "warnings.warn('CUDA initialization: Unexpected error from cudaGetDeviceCount().')\n"
        "warnings.warn('of my own')\n"
    )
    one = submission(training=(SOLUTION / "training.py").read_text() + said)
    gradebook = grade(find(one), parts=("1.1a",), launcher=launcher)
    (outcome,) = [outcome for test, outcome in gradebook.results if test.number == "1.1a"]
    assert "of my own" in outcome.printed
    assert "CUDA" not in outcome.printed


def test_resnet18_is_made_on_the_default_device():
    state = resnet18_stand_in(1)
    assert {value.device.type for value in worker_functions._resnet18(state).state_dict().values()} == {"cpu"}
    with torch.device("meta"):
        assert {value.device.type for value in worker_functions._resnet18(state).state_dict().values()} == {"meta"}


@pytest.mark.parametrize(
    "message",
    [
        "Found no NVIDIA driver on your system.",
        "No CUDA GPUs are available",
        "Torch not compiled with CUDA enabled",
        "Unexpected error from cudaGetDeviceCount(). Error 304: OS call failed or operation not supported on this OS",
    ],
)
def test_whoever_asks_for_a_gpu_is_told_where_code_is_graded(message):
    (hint,) = hints(Failure("exception", "RuntimeError", message, []))
    assert "use cuda only if torch.cuda.is_available()" in hint
    assert list(hints(Failure("exception", "RuntimeError", "cuda:0 and cpu", []))) == []


def test_packages_that_only_pythonpath_names_are_missed_in_a_sentence(monkeypatch, tmp_path):
    """As modules of a cluster name them: what grades has them, and the server, which is isolated, has not."""
    from harness.host.fork import ForkLauncher

    one = ForkLauncher(Limits())
    one._log = tmp_path / "server.log"
    one._log.write_text("ModuleNotFoundError: No module named 'msgspec'\n")
    assert "PYTHONPATH" not in str(one._silent("it ended"))
    monkeypatch.setenv("PYTHONPATH", "/apps/torch")
    assert "it ended (it ignores PYTHONPATH: install the packages" in str(one._silent("it ended"))
