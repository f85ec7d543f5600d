"""The device that experiments run on, and its description in records."""

from __future__ import annotations

import platform
import re
import warnings
from pathlib import Path

import numpy as np
import torch
import torchvision

from course.records import Environment
from harness import gpu_driver

__all__ = ["describe_device", "device_for", "device_of", "environment"]


def describe_device(device: torch.device) -> str:
    """Return the name of the GPU or of the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def device_of(name: str) -> torch.device:
    """Return the device of this name: ``cpu``, ``cuda`` or ``cuda:1``. ``auto`` is a GPU if there is one.

    Raises:
        ValueError: this machine has no such device. The text says what to choose.
    """
    if name == "auto":
        with warnings.catch_warnings():  # device_for() gives the reason in a sentence
            warnings.simplefilter("ignore")
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        found = (
            gpu_driver.find(name, container=gpu_driver.in_container()) if re.fullmatch(r"cuda(:\d+)?", name) else None
        )
        if found is not None and not found.usable:
            raise ValueError(f"{found.sentence.rstrip('.')}, or use --device cpu") from None
        first = str(error).split("\n")[0].split(". ")[0][:100]
        raise ValueError(f"--device {name} can't be used here ({first}): choose auto, cpu or cuda") from None
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"--device {name} is not supported: choose auto, cpu or cuda")
    return device


def device_for(name: str, profile: str) -> torch.device:
    """Return the device for a profile. The full profile runs on a CPU only if ``name`` is ``cpu``.

    Raises:
        ValueError: there is no such device, or ``auto`` would choose a CPU for the full profile.
    """
    device = device_of(name)
    if name == "auto" and profile == "full" and device.type == "cpu":
        reason = gpu_driver.find(container=gpu_driver.in_container()).sentence.rstrip(".")
        raise ValueError(f"{reason}, or add --device cpu to run --profile full on the CPU, which takes many hours")
    return device


def environment(device: torch.device) -> Environment:
    """Return the device, the versions and the number of threads of this process."""
    return Environment(
        device=describe_device(device),
        python=platform.python_version(),
        torch=str(torch.__version__),
        torchvision=str(torchvision.__version__),
        numpy=np.__version__,
        platform=f"{platform.system()} {platform.machine()}",
        threads=torch.get_num_threads(),
    )
