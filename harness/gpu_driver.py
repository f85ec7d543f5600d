"""Which GPU PyTorch can use here, or why it can use none, in one sentence.

PyTorch itself is asked, in a child process. ``nvidia-smi`` can list a GPU whose driver is too old for the CUDA that
PyTorch was built with. This module needs the standard library alone. Where there is no driver, or PyTorch has no CUDA,
no process is started and the answer takes milliseconds.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import re
import runpy
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["GPU", "Answer", "Host", "ask_torch", "cuda_of_driver", "explain", "find", "host", "in_container", "wheels"]

NONE = "No GPU can be used here: "
SECONDS = 120
"""The time for the import of PyTorch and the start of CUDA, on a cold disk."""
#: The oldest branch of the driver for a major version of CUDA.
DRIVERS = {"11": "450", "12": "525", "13": "580"}
#: Errors of CUDA that have a remedy on the host.
REMEDIES = {
    "802": "the host's nvidia-fabricmanager has to run: systemctl start nvidia-fabricmanager",
    "803": "the driver was updated while it was loaded: restart the host",
    "804": "the driver is older than the CUDA compatibility package: update the driver on the host",
    "999": "load the module nvidia-uvm on the host, as nvidia-modprobe -u does, or restart it",
}


@dataclass(frozen=True)
class GPU:
    """What can be said of the GPU before work begins."""

    usable: bool
    """PyTorch made a tensor on the GPU and read it back."""
    sentence: str
    """The sentence for whoever started this: the GPU's name, or what is wrong and what to do."""


@dataclass(frozen=True)
class Host:
    """What the machine and its container show of NVIDIA's driver."""

    module: str = ""
    """The version of the loaded kernel module, which containers see too. Empty: none is loaded."""
    hardware: bool = False
    """An NVIDIA display controller is on the bus."""
    nodes: bool = False
    """The driver's devices are in /dev."""


@dataclass(frozen=True)
class Answer:
    """PyTorch's own words."""

    cards: tuple[tuple[str, int], ...] = ()
    """The name and the bytes of each GPU."""
    error: str = ""
    """The first line of what went wrong. Empty: a tensor was made and read back."""


def find(device: str = "auto", *, container: bool) -> GPU:
    """Ask for the GPU that ``--device`` names.

    Args:
        container: this runs in a container, whose owner is told the container's flags.
    """
    torch_version, built_for = wheels()
    supported = cuda_of_driver() if built_for else None
    answer = None if supported is None else ask_torch(device if ":" in device else "cuda:0")
    index = int(device.partition(":")[2] or 0) if re.fullmatch(r"\w+(:\d+)?", device) else 0
    if answer is not None and 0 < len(answer.cards) <= index:
        last = len(answer.cards) - 1
        return GPU(
            False,
            f"{device} is not a GPU of this machine: the last one is cuda:{last}, and PyTorch counts from cuda:0.",
        )
    if answer is not None and not answer.error:
        return GPU(True, f"{_named(answer.cards)}; {_version(host())} for CUDA {supported}, PyTorch {torch_version}.")
    return GPU(False, explain(torch_version, built_for, supported, host(), answer, os.environ, container))


def _named(cards: Sequence[tuple[str, int]]) -> str:
    name, size = cards[0]
    more = f", the first of {len(cards)} (--device cuda:1 is the second)" if len(cards) > 1 else ""
    return f"GPU: {name}, {size / 2**30:.0f} GiB{more}"


def _version(seen: Host) -> str:
    return f"driver {seen.module}" if seen.module else "driver"


def explain(
    torch_version: str,
    built_for: str,
    supported: str | None,
    seen: Host,
    answer: Answer | None,
    environment: Mapping[str, str],
    container: bool,
) -> str:
    """Say in one sentence why PyTorch can use no GPU, and what to do.

    Args:
        built_for: the CUDA of PyTorch's wheels; empty: none.
        supported: the newest CUDA of the driver; None: its library isn't here.
        answer: what PyTorch said; None: it wasn't asked.
    """
    if not built_for:
        remedy = "build the image without TORCH_INDEX" if container else "install a PyTorch with CUDA"
        return f"{NONE}PyTorch {torch_version} was built without CUDA; {remedy}."
    if supported is None or answer is None:
        return NONE + _without_library(seen, environment, container)
    version = _version(seen)
    if int(supported.partition(".")[0]) < int(built_for.partition(".")[0]):
        least = DRIVERS.get(built_for.partition(".")[0])
        return (
            f"{NONE}the {version} supports CUDA up to {supported}, and PyTorch {torch_version} was built for CUDA "
            f"{built_for}; update the host's driver{f' to {least} or later' if least else ''}."
        )
    said = f'PyTorch says "{answer.error}"'
    if answer.cards:
        names = " and ".join(dict.fromkeys(name for name, _ in answer.cards))
        return f"{NONE}{said} of {names}; PyTorch {torch_version} with CUDA {built_for} may not support this GPU."
    if (hidden := environment.get("CUDA_VISIBLE_DEVICES")) is not None:
        return f"{NONE}{said}, and CUDA_VISIBLE_DEVICES is {hidden!r}; unset it, or name a GPU that is there."
    if (given := environment.get("NVIDIA_VISIBLE_DEVICES", "all")) in ("", "none", "void"):
        return f"{NONE}NVIDIA_VISIBLE_DEVICES is {given!r}, which gives the container none; set it to all."
    code = re.search(r"\bError (\d+)\b", answer.error)
    remedy = REMEDIES.get(code[1] if code else "", "run nvidia-smi on the host and look at its kernel log")
    return f"{NONE}{said} with the {version} for CUDA {supported}; {remedy}."


def _without_library(seen: Host, environment: Mapping[str, str], container: bool) -> str:
    """The reason where libcuda, which comes with the driver, isn't found."""
    flags = "start it with --gpus all (podman: --device nvidia.com/gpu=all)"
    if container and seen.nodes:
        given = environment.get("NVIDIA_DRIVER_CAPABILITIES", "")
        return f"the container has the GPU but not libcuda; NVIDIA_DRIVER_CAPABILITIES is {given!r}: add compute to it."
    if container and seen.module:
        return f"the host has NVIDIA's driver {seen.module}, but the container was given no GPU; {flags}."
    if seen.module:
        return f"NVIDIA's driver {seen.module} is loaded, but its library libcuda.so.1 isn't installed; install it."
    if seen.hardware:
        where = "on the host, and NVIDIA's container toolkit" if container else "here"
        return f"this machine has an NVIDIA GPU but no driver is loaded; install the driver {where}."
    if container:
        return f"the container sees neither a GPU nor a driver; on a machine that has both, {flags}."
    return "this machine has neither an NVIDIA GPU nor its driver."


# ---- who is asked --------------------------------------------------------------------------------------------


def wheels() -> tuple[str, str]:
    """The version of PyTorch and the CUDA it was built for, empty for none; read without importing it."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return "(not installed)", ""
    known = runpy.run_path(str(Path(spec.origin).with_name("version.py")))
    return str(known["__version__"]), str(known["cuda"] or "")


def cuda_of_driver() -> str | None:
    """The newest CUDA that the driver supports, as its library says; None: there is no library."""
    number = ctypes.c_int()
    try:
        if ctypes.CDLL("libcuda.so.1").cuDriverGetVersion(ctypes.byref(number)) != 0:
            return None
    except (OSError, AttributeError):
        return None
    return f"{number.value // 1000}.{number.value % 1000 // 10}"


def host(root: Path = Path("/")) -> Host:
    """What is under /proc, /sys and /dev; containers see the host's own modules and bus."""
    module = ""
    for name in ("proc/driver/nvidia/version", "sys/module/nvidia/version"):
        if not module and (found := re.search(r"\b\d{3}\.[\d.]*\d", _text(root / name))):
            module = found[0]
    devices = (root / "sys/bus/pci/devices").glob("*")
    hardware = any(
        _text(device / "vendor").strip() == "0x10de" and _text(device / "class").startswith("0x03")
        for device in devices
    )
    return Host(module, hardware, (root / "dev/nvidiactl").exists())


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def in_container() -> bool:
    """Whether docker or podman started this."""
    return any(Path(name).exists() for name in ("/.dockerenv", "/run/.containerenv"))


def ask_torch(device: str) -> Answer:
    """What PyTorch says in a process of its own, which leaves no trace in this one."""
    command = [sys.executable, "-I", __file__, device]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Answer(error=f"no answer in {SECONDS} seconds")
    *_, last = done.stdout.strip().split("\n")
    try:
        found = json.loads(last)
        return Answer(tuple((str(name), int(size)) for name, size in found["cards"]), str(found["error"]))
    except (ValueError, KeyError, TypeError):
        *_, said = done.stderr.strip().split("\n")
        return Answer(error=said or f"exit code {done.returncode}")


def _try(device: str) -> Answer:
    """Make a tensor on the GPU and read it back: a GPU that is too old for PyTorch is found, and fails here."""
    import torch

    cards: tuple[tuple[str, int], ...] = ()
    try:
        torch.cuda.init()  # says why, where is_available() says no
        every = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
        cards = tuple((one.name, one.total_memory) for one in every)
        torch.ones(2, device=device).sum().item()
    except Exception as error:  # whatever it is, it is the answer
        first = str(error).strip().partition("\n")[0]
        numbered = re.search(r"\bError \d+: .+", first)  # what comes before it is advice to programmers
        return Answer(cards, (numbered[0] if numbered else first).removesuffix(".")[:200] or type(error).__name__)
    return Answer(cards)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    tried = _try(sys.argv[1])
    print(json.dumps({"cards": tried.cards, "error": tried.error}))
