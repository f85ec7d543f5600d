"""Files of checkpoints that come from anybody: what is refused, unread and with a sentence."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from course import checkpoints
from course.checkpoints import CheckpointError
from course.datasets import FIXTURES
from course.models import ConvNet


@pytest.fixture(scope="module")
def good() -> bytes:
    return (FIXTURES / "convnet.safetensors").read_bytes()


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "x.safetensors"


def refused(path: Path, match: str, architecture: Any = "ConvNet") -> None:
    """With one line that has ``match`` in it."""
    with pytest.raises(CheckpointError, match=rf"\A[^\n]*{match}[^\n]*\Z"):
        checkpoints.load(path, architecture)


def test_no_file_is_refused(path):
    refused(path, "is missing or is not a regular file")


def test_a_link_is_refused(path):
    path.symlink_to(FIXTURES / "convnet.safetensors")
    refused(path, "is missing or is not a regular file")


@pytest.mark.timeout(20)
def test_a_pipe_is_refused_without_waiting_for_it(path):
    os.mkfifo(path)
    refused(path, "is missing or is not a regular file")


def test_a_folder_is_refused(path):
    path.mkdir()
    refused(path, "is missing or is not a regular file")


def test_a_name_that_no_file_can_have_is_refused(tmp_path):
    refused(tmp_path / ("x" * 300), "is missing or is not a regular file")


@pytest.mark.parametrize("end", [0, 5, 100, 4000, 100_000, -1])
def test_part_of_a_file_is_refused(good, path, end):
    path.write_bytes(good[:end])
    refused(path, "is damaged, or no safetensors file")


def test_a_longer_file_is_refused(good, path):
    path.write_bytes(good + b"\0")
    refused(path, "is damaged, or no safetensors file")


@pytest.mark.parametrize("size", [2**63, 2**64 - 1, 10**8])
def test_a_header_that_claims_to_be_larger_than_its_file_is_refused(good, path, size):
    path.write_bytes(struct.pack("<Q", size) + good[8:])
    refused(path, "is damaged, or no safetensors file")


@pytest.mark.parametrize("text", ["weights", "{}", "x" * 10_000], ids=["short", "braces", "long"])
def test_text_is_refused(path, text):
    path.write_text(text)
    refused(path, "is damaged, or no safetensors file")


def test_a_pickle_is_refused_and_not_run(path, tmp_path):
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "run"),)

    torch.save({"x": Trap()}, path)
    refused(path, "is damaged, or no safetensors file")
    assert not (tmp_path / "run").exists()


def test_a_large_file_is_refused_unread(path):
    path.touch()
    os.truncate(path, 5 * 10**9)
    refused(path, "has 5,000,000,000 bytes, and the limit is [0-9,]+")


Change = Callable[[dict[str, Tensor]], Any]
BIAS = "classifier.bias"

CHANGES: dict[str, tuple[Change, str]] = {
    "missing": (lambda state: state.pop(BIAS), "has not the tensors of ConvNet: classifier.bias are missing"),
    "extra": (lambda state: state.update(x=torch.zeros(1)), "has not the tensors of ConvNet: x are"),
    "colours": (
        lambda state: state.update({"a\n\x1b[31m": torch.zeros(1)}),
        r"has not the tensors of ConvNet: a\?\?\[31m are",
    ),
    "shape": (
        lambda state: state.update({BIAS: torch.zeros(1, 10)}),
        r"classifier.bias in x.safetensors has shape \(1, 10\), in ConvNet it is \(10,\)",
    ),
    "empty": (lambda state: state.update({BIAS: torch.zeros(0)}), r"has shape \(0,\)"),
    "nan": (lambda state: state[BIAS].fill_(torch.nan), "classifier.bias in x.safetensors holds numbers that are not"),
    "infinite": (lambda state: state[BIAS][3:4].fill_(-torch.inf), "numbers that are not finite"),
    "infinite in float32": (
        lambda state: state.update({BIAS: torch.full((10,), 1e300, dtype=torch.float64)}),
        "not finite",
    ),
    "integer": (lambda state: state.update({BIAS: torch.ones(10).long()}), "is of type torch.int64"),
    "bool": (lambda state: state.update({BIAS: torch.ones(10).bool()}), "is of type torch.bool"),
    "complex": (lambda state: state.update({BIAS: torch.ones(10) + 0j}), "is of type torch.complex64"),
    "eight bits": (
        lambda state: state.update({BIAS: torch.ones(10).to(torch.float8_e4m3fn)}),
        "is of type torch.float8_e4m3fn",
    ),
    "fractions counted": (
        lambda state: state.update({"model.0.1.num_batches_tracked": torch.tensor(1.5)}),
        "is of type torch.float32",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_other_tensors_are_refused(name, path):
    change, message = CHANGES[name]
    state = load_file(FIXTURES / "convnet.safetensors")
    change(state)
    save_file(state, path)
    refused(path, message)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"dtype": "F4", "shape": [80]}, r"has shape \(80,\)|is damaged"),
        ({"dtype": "F4"}, "is damaged|is of type"),
        ({"dtype": "F\n\n\n9"}, "is damaged"),
        ({"shape": [2**62, 2**62]}, "is damaged"),
        ({"shape": [-10]}, "is damaged"),
        ({"data_offsets": [0, 2**63]}, "is damaged"),
        ({"data_offsets": [40, 0]}, "is damaged"),
    ],
    ids=["four bits, as long", "four bits", "unknown type", "overflow", "negative", "far away", "backwards"],
)
def test_a_header_that_does_not_fit_is_refused(good, path, entry, message):
    length = struct.unpack("<Q", good[:8])[0]
    header = json.loads(good[8 : 8 + length])
    header[BIAS].update(entry)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + good[8 + length :])
    refused(path, message)


def test_four_bits_a_number_are_refused(path):
    """As many bytes as such numbers take, so that the header is a good one."""
    state = {name: value for name, value in ConvNet().state_dict().items() if name != BIAS}
    save_file(state, path)
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header, body = json.loads(content[8 : 8 + length]), content[8 + length :]
    header[BIAS] = {"dtype": "F4", "shape": [10], "data_offsets": [len(body), len(body) + 5]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body + bytes(5))
    refused(path, "is damaged|is of type|has shape")


@pytest.mark.parametrize("architecture", ["DWConvNet", "ResNet18"])
def test_the_file_of_another_architecture_is_refused(architecture):
    refused(FIXTURES / "convnet.safetensors", f"has not the tensors of {architecture}|and the limit is", architecture)


def test_an_unknown_architecture_is_refused():
    refused(FIXTURES / "convnet.safetensors", "there is no architecture 'VGG'", "VGG")
