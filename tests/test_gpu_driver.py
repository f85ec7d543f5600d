"""What is said of the GPU, with stand-ins for the driver's library, for the host and for PyTorch's answer."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from harness import gpu, gpu_driver
from harness.container import entrypoint
from harness.gpu_driver import Answer, Host
from tests.conftest import ROOT

SCRIPT = ROOT / "harness" / "container" / "entrypoint.py"
L4 = ("NVIDIA L4", 24_152_899_584)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="containers are Linux")


def why(
    supported: str | None = "13.1",
    seen: Host = Host(module="590.10", nodes=True),  # noqa: B008
    error: str = "No CUDA GPUs are available",
    *,
    built_for: str = "13.0",
    cards: tuple[tuple[str, int], ...] = (),
    container: bool = True,
    **environment: str,
) -> str:
    """The reason, without the words that each begins with."""
    answer = None if supported is None else Answer(cards, error)
    said = gpu_driver.explain("2.11.0", built_for, supported, seen, answer, environment, container)
    assert said.startswith("No GPU can be used here: ")
    assert said.endswith(".")
    return said.removeprefix("No GPU can be used here: ")


class TestReasons:
    """What is found, and what to do about it."""

    def test_a_driver_older_than_the_cuda_of_the_wheels_is_named_with_both_versions(self):
        assert why("12.4", Host(module="550.54.15", nodes=True)) == (
            "the driver 550.54.15 supports CUDA up to 12.4, and PyTorch 2.11.0 was built for CUDA 13.0; "
            "update the host's driver to 580 or later."
        )

    def test_where_the_driver_has_no_version_the_two_of_cuda_are_named(self):
        assert why("11.8", Host()).startswith("the driver supports CUDA up to 11.8, and PyTorch 2.11.0 was built for ")

    @pytest.mark.parametrize("supported", ["13.0", "13.1", "14.0"])
    def test_a_driver_of_the_same_major_version_is_not_too_old(self, supported):
        assert "update the host's driver" not in why(supported, built_for="13.1")

    def test_versions_are_compared_as_numbers(self):
        assert "update the host's driver" in why("9.2", built_for="11.8")

    def test_a_container_started_without_gpus_on_a_gpu_host_is_told_the_flag(self):
        assert why(None, Host(module="590.10", hardware=True)) == (
            "the host has NVIDIA's driver 590.10, but the container was given no GPU; "
            "start it with --gpus all (podman: --device nvidia.com/gpu=all)."
        )

    def test_a_gpu_without_a_driver_needs_one_on_the_host(self):
        said = why(None, Host(hardware=True))
        assert "an NVIDIA GPU but no driver is loaded; install the driver on the host" in said

    def test_without_gpu_and_driver_there_is_none(self):
        assert why(None, Host()).startswith("the container sees neither a GPU nor a driver")
        assert why(None, Host(), container=False) == "this machine has neither an NVIDIA GPU nor its driver."

    def test_pytorch_without_cuda_is_named_first(self):
        said = why(None, Host(hardware=True), built_for="")
        assert said == "PyTorch 2.11.0 was built without CUDA; build the image without TORCH_INDEX."
        assert "install a PyTorch with CUDA" in why(None, built_for="", container=False)

    def test_a_container_without_the_compute_capability_lacks_the_library(self):
        said = why(None, Host(module="590.10", nodes=True), NVIDIA_DRIVER_CAPABILITIES="graphics")
        assert said.endswith("NVIDIA_DRIVER_CAPABILITIES is 'graphics': add compute to it.")

    def test_variables_that_hide_gpus_are_named(self):
        assert "CUDA_VISIBLE_DEVICES is '7'; unset it" in why(CUDA_VISIBLE_DEVICES="7")
        assert "NVIDIA_VISIBLE_DEVICES is 'none'" in why(NVIDIA_VISIBLE_DEVICES="none")
        assert "NVIDIA_VISIBLE_DEVICES" not in why(NVIDIA_VISIBLE_DEVICES="all")

    def test_a_gpu_that_pytorch_was_not_built_for_is_named(self):
        said = why(error="CUDA error: no kernel image is available", cards=(("Tesla P100", 16 << 30),))
        assert "no kernel image is available" in said
        assert "of Tesla P100; PyTorch 2.11.0 with CUDA 13.0 may not support this GPU" in said

    @pytest.mark.parametrize(("code", "remedy"), [("802", "nvidia-fabricmanager"), ("803", "restart the host")])
    def test_errors_with_a_remedy_on_the_host_have_it(self, code, remedy):
        said = why(error=f"Error {code}: system not yet initialized")
        assert f'PyTorch says "Error {code}: system not yet initialized" with the driver 590.10 for CUDA 13.1' in said
        assert remedy in said

    def test_any_other_error_is_passed_on(self):
        assert 'PyTorch says "out of memory"' in why(error="out of memory")


class TestHost:
    """What is read from /proc, /sys and /dev."""

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            (
                "proc/driver/nvidia/version",
                "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19",
            ),
            (
                "proc/driver/nvidia/version",
                "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  535.104.05  Release Build",
            ),
            ("sys/module/nvidia/version", "535.104.05\n"),
        ],
    )
    def test_the_driver_has_its_version(self, tmp_path, name, text):
        write(tmp_path / name, text)
        assert gpu_driver.host(tmp_path) == Host(module="535.104.05")

    def test_a_gpu_on_the_bus_is_found(self, tmp_path):
        bus = tmp_path / "sys/bus/pci/devices"
        for device, vendor, kind in (("0", "0x8086", "0x030000"), ("1", "0x10de", "0x040300")):
            write(bus / device / "vendor", f"{vendor}\n")
            write(bus / device / "class", f"{kind}\n")
        assert not gpu_driver.host(tmp_path).hardware  # a display of another maker; the sound of an NVIDIA card
        write(bus / "2" / "vendor", "0x10de\n")
        write(bus / "2" / "class", "0x030200\n")
        assert gpu_driver.host(tmp_path).hardware

    def test_the_devices_are_found(self, tmp_path):
        write(tmp_path / "dev/nvidiactl", "")
        assert gpu_driver.host(tmp_path) == Host(nodes=True)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


# ---- PyTorch is asked ----------------------------------------------------------------------------------------


@pytest.fixture
def driver(monkeypatch):
    """A driver that is there, and an answer of PyTorch's."""

    def answer(*cards: tuple[str, int], error: str = "", supported: str | None = "13.1") -> None:
        monkeypatch.setattr(gpu_driver, "wheels", lambda: ("2.11.0+cu130", "13.0"))
        monkeypatch.setattr(gpu_driver, "host", lambda: Host(module="590.10", nodes=True))
        monkeypatch.setattr(gpu_driver, "cuda_of_driver", lambda: supported)
        monkeypatch.setattr(gpu_driver, "ask_torch", lambda device: Answer(cards, error))

    return answer


class TestFind:
    def test_a_gpu_is_named_with_its_memory_and_the_versions(self, driver):
        driver(L4)
        found = gpu_driver.find(container=True)
        assert found.usable
        assert found.sentence == "GPU: NVIDIA L4, 22 GiB; driver 590.10 for CUDA 13.1, PyTorch 2.11.0+cu130."

    def test_further_ones_are_counted(self, driver):
        driver(L4, L4, L4)
        assert (
            "NVIDIA L4, 22 GiB, the first of 3 (--device cuda:1 is the second);"
            in gpu_driver.find(container=True).sentence
        )

    def test_a_number_beyond_the_last_is_refused(self, driver):
        driver(L4, L4, error="CUDA error: invalid device ordinal")
        found = gpu_driver.find("cuda:2", container=True)
        assert not found.usable
        assert (
            found.sentence
            == "cuda:2 is not a GPU of this machine: the last one is cuda:1, and PyTorch counts from cuda:0."
        )

    def test_the_driver_alone_is_not_believed(self, driver):
        driver(L4, error="CUDA error: no kernel image is available for execution on the device")
        assert not gpu_driver.find(container=True).usable

    @pytest.mark.parametrize(("built_for", "supported"), [("", "13.1"), ("13.0", None)])
    def test_nothing_is_started_where_the_answer_is_known(self, driver, monkeypatch, built_for, supported):
        def ask(device: str) -> Answer:
            raise AssertionError("PyTorch was asked")

        driver(supported=supported)
        monkeypatch.setattr(gpu_driver, "wheels", lambda: ("2.11.0", built_for))
        monkeypatch.setattr(gpu_driver, "ask_torch", ask)
        assert not gpu_driver.find(container=True).usable

    def test_the_versions_are_those_of_pytorch_without_its_import(self):
        assert gpu_driver.wheels() == (str(torch.__version__), torch.version.cuda or "")
        known = "import sys; from harness import gpu_driver; gpu_driver.wheels(); print('torch' in sys.modules)"
        shown = subprocess.run([sys.executable, "-c", known], cwd=ROOT, capture_output=True, text=True, check=True)
        assert shown.stdout == "False\n"

    @pytest.mark.parametrize(
        ("program", "error"),
        [
            ("import os; os.kill(os.getpid(), 9)", "exit code -9"),
            ("raise ImportError('libcudart')", "ImportError: libcudart"),
        ],
    )
    def test_a_process_that_ends_without_an_answer_is_an_error(self, tmp_path, monkeypatch, program, error):
        (tmp_path / "asked.py").write_text(program)
        monkeypatch.setattr(gpu_driver, "__file__", str(tmp_path / "asked.py"))
        assert gpu_driver.ask_torch("cuda:0") == Answer(error=error)

    def test_a_process_that_hangs_is_an_error(self, tmp_path, monkeypatch):
        (tmp_path / "asked.py").write_text("import time; time.sleep(60)")
        monkeypatch.setattr(gpu_driver, "__file__", str(tmp_path / "asked.py"))
        monkeypatch.setattr(gpu_driver, "SECONDS", 0.3)
        assert gpu_driver.ask_torch("cuda:0") == Answer(error="no answer in 0.3 seconds")


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("cc") is None, reason="makes a library")
class TestLibrary:
    """PyTorch as it is, with a libcuda that has a version and fails."""

    @pytest.fixture
    def library(self, tmp_path, monkeypatch):
        def make(version: int, error: int) -> None:
            (tmp_path / "libcuda.c").write_text(
                f"int cuDriverGetVersion(int *version) {{ *version = {version}; return 0; }}\n"
                f"int cuInit(unsigned flags) {{ return {error}; }}\n"
            )
            command = ["cc", "-shared", "-fPIC", "-o", str(tmp_path / "libcuda.so.1"), str(tmp_path / "libcuda.c")]
            subprocess.run(command, check=True)
            monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

        return make

    def test_the_version_is_the_librarys(self, library):
        library(12040, 0)
        program = "from harness import gpu_driver; print(gpu_driver.cuda_of_driver())"
        shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
        assert shown.stdout == "12.4\n"

    @pytest.mark.skipif(not torch.version.cuda, reason="PyTorch without CUDA is not asked")
    @pytest.mark.parametrize(
        ("version", "error", "said"),
        [
            (
                10020,
                0,
                f"supports CUDA up to 10.2, and PyTorch {torch.__version__} was built for CUDA {torch.version.cuda}",
            ),
            (99000, 803, 'PyTorch says "Error 803: '),
        ],
    )
    def test_pytorch_is_asked_and_what_is_wrong_is_said(self, library, version, error, said):
        library(version, error)
        shown = subprocess.run([sys.executable, "-I", str(SCRIPT), "gpu"], capture_output=True, text=True, timeout=120)
        assert said in shown.stdout
        assert shown.stdout.count("\n") == 1
        assert shown.returncode == 1, shown.stderr


# ---- who asks ------------------------------------------------------------------------------------------------


class TestWhoAsks:
    @pytest.fixture
    def asked(self, monkeypatch, tmp_path):
        """What a verb says; its program doesn't begin."""

        def asked(*arguments: str) -> tuple[int, list[str]]:
            devices: list[str] = []

            def find(device: str = "auto", *, container: bool) -> gpu_driver.GPU:
                devices.append(device)
                return gpu_driver.GPU(False, "No GPU.")

            def begin(file: str, command: list[str], environment: dict[str, str]) -> None:
                raise SystemExit(0)

            monkeypatch.setattr(gpu_driver, "find", find)
            monkeypatch.setattr(entrypoint.os, "execve", begin)
            monkeypatch.setattr(entrypoint, "_close_folders", lambda: None)
            monkeypatch.chdir(tmp_path)
            with pytest.raises(SystemExit) as ended:
                entrypoint.main(arguments)
            return int(str(ended.value.code)), devices

        return asked

    @pytest.mark.parametrize(
        ("arguments", "devices"),
        [
            (["experiments", "2.1"], ["auto"]),
            (["experiments", "--device", "cpu"], []),
            (["experiments", "--scheduler", "tcp://127.0.0.1:8786", "--device", "cuda"], []),
            (["experiments", "--help"], []),
            (["grade", str(ROOT / "student")], []),
            (["batch", str(ROOT / "student")], []),
            (["doctor"], []),
        ],
    )
    def test_only_what_may_use_a_gpu_asks_and_goes_on_without(self, asked, arguments, devices):
        assert asked(*arguments) == (0, devices)

    @pytest.mark.parametrize(
        "arguments", [["experiments", "--device=cuda:1"], ["grade", str(ROOT / "student"), "--device", "cuda"]]
    )
    def test_a_gpu_that_was_asked_for_by_name_is_refused(self, asked, capsys, arguments):
        code, _ = asked(*arguments)
        assert code == 2
        assert capsys.readouterr().err.endswith("No GPU.\n")

    def test_experiments_say_whose_code_runs_where_none_is_named(self, asked, capsys, tmp_path):
        asked("experiments", "2.1", "--device", "cpu")
        assert "No --student is given, so the code in the image runs" in capsys.readouterr().err
        asked("experiments", "2.1", "--device", "cpu", "--student", str(tmp_path))
        assert "--student" not in capsys.readouterr().err

    def test_the_verb_gpu_ends_with_1_without_one(self, asked, capsys):
        assert asked("gpu")[0] == 1
        assert capsys.readouterr().out == "No GPU.\n"

    def test_the_verb_gpu_ends_with_0_where_one_can_be_used(self, driver, monkeypatch, capsys):
        driver(L4)
        with pytest.raises(SystemExit) as ended:
            entrypoint.main(["gpu"])
        assert ended.value.code == 0
        assert capsys.readouterr().out.startswith("GPU: NVIDIA L4")

    @pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU can be used")
    def test_grading_on_the_gpu_has_the_same_reason(self, monkeypatch):
        monkeypatch.setattr(gpu_driver, "find", lambda *_, **__: gpu_driver.GPU(False, "No GPU: update the driver."))
        assert gpu.why_not(False) == "No GPU: update the driver. Or leave out --device cuda."
