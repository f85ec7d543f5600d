"""The language between grader and worker: everything comes back as it was, and nothing else gets in."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness import protocol
from harness.protocol import Call, Handle, ProtocolError, Reply, decode, encode, frame_bytes, read_frame


def reader(data: bytes):
    """``read(n)`` over bytes, as over a socket that ends."""
    position = 0

    def read(count: int) -> bytearray:
        nonlocal position
        if position + count > len(data):
            raise EOFError
        position += count
        return bytearray(data[position - count : position])

    return read


def keep(value: Any) -> Handle:
    return Handle(7, "object", type(value).__name__)


def there_and_back(value: Any) -> Any:
    buffers: list[Any] = []
    message = Reply(value=encode(value, buffers, keep))
    data = b"".join(bytes(piece) for piece in frame_bytes(message, buffers))
    reply, received = read_frame(reader(data))
    assert isinstance(reply, Reply)
    assert reply.value is not None
    return decode(reply.value, received, lambda handle: handle)


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
hashable = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text()
values = st.recursive(
    plain,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(hashable, inner),
    max_leaves=20,
)


@given(values)
def test_plain_values_travel_by_value(value):
    found = there_and_back(value)
    # A lone surrogate can't be written as UTF-8 and comes as a question mark.
    if "\\ud" not in ascii(value):
        assert found == value
        assert type(found) is type(value)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int64", "float16", "float32", "float64", "complex64"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_arrays_and_tensors_keep_dtype_shape_and_values(dtype, shape):
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    found = there_and_back(array)
    assert type(found) is np.ndarray
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    tensor = torch.from_numpy(array.copy())
    found = there_and_back(tensor)
    assert type(found) is torch.Tensor
    assert found.dtype == tensor.dtype
    assert torch.equal(found, tensor)


def test_views_big_endian_arrays_scalars_parameters_and_bfloat16_travel():
    array = np.arange(24, dtype=">f8").reshape(4, 6)[::2, ::-1]
    np.testing.assert_array_equal(there_and_back(array), array)
    assert there_and_back(np.float32(0.5)) == np.float32(0.5)
    assert type(there_and_back(np.float32(0.5))) is np.float32
    assert type(there_and_back(torch.nn.Parameter(torch.ones(2)))) is torch.nn.Parameter
    half = torch.arange(4).to(torch.bfloat16)
    assert torch.equal(there_and_back(half), half)


def test_what_is_received_shares_no_memory_with_what_was_sent():
    array = np.zeros(3)
    found = there_and_back(array)
    found[:] = 1
    assert not array.any()


class Agreeable(np.ndarray):
    pass


@pytest.mark.parametrize(
    "value",
    [
        type("Liar", (float,), {})(1.0),
        type("Pair", (tuple,), {})((1, 2)),
        np.zeros(2).view(Agreeable),
        np.array([object()]),
        np.array(["text"]),
        object(),
        torch.zeros(2, 2).to_sparse(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_could_lie_or_is_no_data_stays_behind_a_handle(value):
    assert isinstance(there_and_back(value), Handle)
    assert isinstance(there_and_back([value])[0], Handle)


@pytest.mark.parametrize(
    "keys", [[(1, 2)], [2**70], [0.5], range(protocol.MAX_PAIRS + 1)], ids=["tuple", "big", "float", "many"]
)
def test_a_dict_whose_keys_could_be_made_to_collide_stays_behind_a_handle(keys):
    assert isinstance(there_and_back(dict.fromkeys(keys)), Handle)


def test_a_list_that_contains_itself_ends_in_a_handle():
    endless: list[Any] = []
    endless.append(endless)
    there_and_back(endless)


@given(st.binary(max_size=300))
def test_random_bytes_are_no_frame(data):
    with pytest.raises((ProtocolError, EOFError)):
        read_frame(reader(protocol.PREFIX.pack(protocol.MAGIC, len(data)) + data + b"\0" * 1000))
    with pytest.raises((ProtocolError, EOFError)):
        read_frame(reader(data))


def frame(value: Any, *buffers: bytes, lengths: list[int] | None = None) -> bytes:
    """A frame with any value as its reply, made past the encoder."""
    reply = {"type": "reply", "value": value, "failure": None}
    header = msgspec.msgpack.encode({"message": reply, "buffers": lengths or [len(buffer) for buffer in buffers]})
    return protocol.PREFIX.pack(protocol.MAGIC, len(header)) + header + b"".join(buffers)


@pytest.mark.parametrize(
    "data",
    [
        protocol.PREFIX.pack(protocol.MAGIC, 2**32 - 1),
        protocol.PREFIX.pack(b"HTTP", 10) + b"x" * 10,
        frame(["a", "<f8", [2**40, 2**40], 0, False], b""),
        frame(["a", "<f8", [-1], 0, False], b"12345678"),
        frame(["a", "<f8", [1], 5, False], b"12345678"),
        frame(["a", "|O", [1], 0, False], b"12345678"),
        frame(["a", "no dtype", [1], 0, False], b"12345678"),
        frame(["a", "(2,)<f4", [1], 0, False], b"12345678"),
        frame(["a", "<f8", [1] * 40, 0, False], b"12345678"),
        frame(["t", "float4", [1], 0, False], b"1"),
        frame(["p", 1.0], lengths=[2**40]),
        frame(["p", 1.0], lengths=[-5]),
        frame(["i", "not hexadecimal"]),
        frame(["b", 3]),
        frame(["d", [[["l", "list", []], ["p", 1]]]]),
        frame(["d", [[["i", hex(2**70)], ["p", 1]]]]),
        frame(["x", "an unknown tag"]),
        frame("passed"),
    ],
)
def test_malformed_frames_are_refused(data):
    with pytest.raises((ProtocolError, EOFError)):
        reply, buffers = read_frame(reader(data))
        decode(reply.value, buffers, lambda handle: handle)  # type: ignore[arg-type, union-attr]


def test_values_nested_too_deep_are_refused():
    value: Any = ["p", 1]
    for _ in range(200):
        value = ["l", "list", [value]]
    with pytest.raises(ProtocolError):
        reply, buffers = read_frame(reader(frame(value)))
        decode(reply.value, buffers, lambda handle: handle)  # type: ignore[arg-type, union-attr]


def test_what_is_too_large_is_not_sent():
    buffers = [np.zeros(protocol.MAX_FRAME_BYTES + 1, np.uint8)]
    with pytest.raises(ProtocolError, match="too large to send"):
        frame_bytes(Call("call", [], {}), buffers)
