"""The messages between the grader and a worker: data, and never code.

A frame is ``magic, header length, header, buffers``. The header is msgpack, decoded by msgspec into the types below;
arrays and tensors follow as raw bytes. There is no pickle and no message that says "passed". Only exact builtin types,
NumPy arrays and scalars, and tensors are sent by value. A subclass could falsify comparisons, so it stays in its worker
and is sent as a :class:`Handle`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import torch

from harness.failure import Failure

__all__ = [
    "MAX_FRAME_BYTES",
    "Call",
    "Frame",
    "Handle",
    "ProtocolError",
    "Reply",
    "decode",
    "encode",
    "frame_bytes",
    "is_shape",
    "read_frame",
    "receive",
    "travelling_bytes",
]

MAGIC = b"PSG1"
PREFIX = struct.Struct("<4sI")
#: The most bytes of a header, which holds names, shapes and plain numbers. A list of 100,000 numbers doesn't fit and
#: should be an array, because the grader creates an object for each element.
MAX_HEADER_BYTES = 1 << 20
MAX_FRAME_BYTES = 256 << 20
MAX_DEPTH = 20
MAX_PAIRS = 5000
MAX_BUFFERS = 20_000
MAX_DIMENSIONS = 32
MAX_INT_BITS = 1024
"""The most bits of an integer. Python refuses to print one of 4,300 digits, and no float holds one of more bits than
these.
"""
KEYS = (str, int, bool, type(None))
"""The key types of dicts that are sent by value; integers have at most 64 bits. Other keys could all have the same
hash, and a dict of 100,000 such keys takes minutes to create.
"""
ROOM = 6
"""The extra levels of nesting that a value may have when it is sent back as an argument."""

ARRAY_KINDS = "biufc"
"""NumPy's kinds of plain numbers: bool, integers, floats and complex; no objects, strings or dates."""

_NAMES = "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 complex64 complex128"
TENSOR_DTYPES: dict[str, torch.dtype] = {name: getattr(torch, name) for name in _NAMES.split()}
DTYPE_NAMES = {dtype: name for name, dtype in TENSOR_DTYPES.items()}


class ProtocolError(Exception):
    """The other side sent a message that violates the protocol."""


# ---- values ------------------------------------------------------------------------------------------------


class Plain(msgspec.Struct, tag="p", array_like=True, frozen=True):
    """None, a boolean, a number or a string."""

    value: bool | int | float | str | None


class Bytes(msgspec.Struct, tag="b", array_like=True, frozen=True):
    """Bytes, which are buffer number ``buffer``."""

    buffer: int


class BigInt(msgspec.Struct, tag="i", array_like=True, frozen=True):
    """An integer of 65 to ``MAX_INT_BITS`` bits, which msgpack doesn't have, in hexadecimal digits."""

    digits: str


class Array(msgspec.Struct, tag="a", array_like=True, frozen=True):
    """A NumPy array or scalar; its bytes are buffer number ``buffer``."""

    dtype: str
    shape: list[int]
    buffer: int
    scalar: bool


class TensorValue(msgspec.Struct, tag="t", array_like=True, frozen=True):
    """A torch tensor."""

    dtype: str
    shape: list[int]
    buffer: int
    parameter: bool


class Items(msgspec.Struct, tag="l", array_like=True, frozen=True):
    """A list or a tuple."""

    kind: Literal["list", "tuple"]
    items: list[Value]


class Mapping(msgspec.Struct, tag="d", array_like=True, frozen=True):
    """A dict, as pairs."""

    pairs: list[tuple[Value, Value]]


class Handle(msgspec.Struct, tag="h", array_like=True, frozen=True):
    """The number of an object that stayed in its worker."""

    number: int
    kind: Literal["module", "callable", "object"]
    type_name: str


Value = Plain | Bytes | BigInt | Array | TensorValue | Items | Mapping | Handle


# ---- messages ----------------------------------------------------------------------------------------------


class Call(msgspec.Struct, tag="call", frozen=True):
    """A message from the grader to a worker: call a worker function with these arguments."""

    function: str
    args: list[Value]
    kwargs: dict[str, Value]


class Reply(msgspec.Struct, tag="reply", frozen=True):
    """A message from a worker to the grader: the call's value, or its failure."""

    value: Value | None = None
    failure: Failure | None = None


class Frame(msgspec.Struct, frozen=True):
    """The header of a frame: a message and the lengths of the buffers that follow it."""

    message: Call | Reply
    buffers: Annotated[list[int], msgspec.Meta(max_length=MAX_BUFFERS)]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


# ---- encoding ----------------------------------------------------------------------------------------------


def encode(value: Any, buffers: list[Any], handle: Callable[[Any], Handle], depth: int = 0) -> Value:
    """Turn a value into its description. The bytes of arrays are appended to ``buffers``.

    Args:
        handle: makes the handle of an object that isn't sent by value.
    """
    if depth > MAX_DEPTH:
        return handle(value)
    kind = type(value)
    if kind is Handle:
        return value
    if value is None or kind in (bool, float):
        return Plain(value)
    if kind is str:
        return Plain(_printable(value))
    if kind is bytes:
        buffers.append(value)
        return Bytes(len(buffers) - 1)
    if kind is int:
        if value.bit_length() > MAX_INT_BITS:
            return handle(value)
        return Plain(value) if -(2**63) <= value < 2**63 else BigInt(hex(value))
    if kind is np.ndarray or (isinstance(value, np.generic) and kind.__module__ == "numpy"):
        array = np.asarray(value)
        if array.dtype.kind not in ARRAY_KINDS:
            return handle(value)
        array = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
        buffers.append(array.reshape(-1).view(np.uint8).data if array.size else b"")
        return Array(array.dtype.str, list(array.shape), len(buffers) - 1, kind is not np.ndarray)
    if kind in (torch.Tensor, torch.nn.Parameter):
        return _encode_tensor(value, buffers, handle)
    if kind in (list, tuple):
        items = [encode(item, buffers, handle, depth + 1) for item in value]
        return Items("list" if kind is list else "tuple", items)
    if kind is dict and len(value) <= MAX_PAIRS and all(_is_key(key) for key in value):
        return Mapping(
            [
                (encode(key, buffers, handle, depth + 1), encode(item, buffers, handle, depth + 1))
                for key, item in value.items()
            ]
        )
    return handle(value)


def _printable(text: str) -> str:
    """Replace lone surrogates, which can't be written as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _encode_tensor(tensor: torch.Tensor, buffers: list[Any], handle: Callable[[Any], Handle]) -> Value:
    if tensor.layout != torch.strided or tensor.device.type == "meta" or tensor.dtype not in DTYPE_NAMES:
        return handle(tensor)
    plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
    raw = plain.reshape(-1).view(torch.uint8) if plain.numel() else torch.empty(0, dtype=torch.uint8)
    buffers.append(raw.numpy().data)
    parameter = type(tensor) is torch.nn.Parameter
    return TensorValue(DTYPE_NAMES[tensor.dtype], list(tensor.shape), len(buffers) - 1, parameter)


def frame_bytes(message: Call | Reply, buffers: list[Any]) -> list[Any]:
    """The pieces of a frame, to be written one after another.

    Raises:
        ProtocolError: it is larger than the limits allow.
    """
    lengths = [len(buffer) for buffer in buffers]
    if len(lengths) > MAX_BUFFERS:
        raise ProtocolError(f"a value of {len(lengths):,} arrays is too large to send")
    header = _encoder.encode(Frame(message, lengths))
    if len(header) > MAX_HEADER_BYTES or sum(lengths) > MAX_FRAME_BYTES:
        raise ProtocolError(f"a value of {len(header) + sum(lengths):,} bytes is too large to send")
    return [PREFIX.pack(MAGIC, len(header)) + header, *buffers]


def travelling_bytes(value: Any, size_of_handle: Callable[[Any], int]) -> int:
    """The number of bytes that a value takes in a message, including its description (names, shapes, structure).

    Args:
        size_of_handle: gives the bytes of an object that isn't sent by value.

    Raises:
        ProtocolError: the message is larger than the limits allow.
    """
    sizes: list[int] = []

    def handle(other: Any) -> Handle:
        sizes.append(size_of_handle(other))
        return Handle(0, "object", "")

    buffers: list[Any] = []
    message = Reply(value=encode(value, buffers, handle, depth=-ROOM))
    return sum(map(len, frame_bytes(message, buffers))) + sum(sizes)


# ---- decoding ----------------------------------------------------------------------------------------------


def receive(count: int, into: Callable[[memoryview], int]) -> Any:
    """Receive exactly ``count`` bytes. ``into`` writes them piece by piece, and returns the size of each piece.

    The memory isn't zeroed first. For large arrays, that would take as long as the transfer.

    Raises:
        EOFError: ``into`` wrote nothing.
    """
    data: Any = np.empty(count, dtype=np.uint8)
    view = memoryview(data)
    while view:
        received = into(view)
        if not received:
            raise EOFError
        view = view[received:]
    return data


def read_frame(read: Callable[[int], Any]) -> tuple[Call | Reply, list[Any]]:
    """Read one frame with ``read(n)``, which returns exactly ``n`` bytes or raises.

    Raises:
        ProtocolError: the bytes are not a frame, or claim to be larger than the limits allow.
    """
    magic, length = PREFIX.unpack(read(PREFIX.size))
    if magic != MAGIC or length > MAX_HEADER_BYTES:
        raise ProtocolError("the worker's answer is not a frame")
    try:
        frame = _decoder.decode(read(length))
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProtocolError("the worker's answer is not in the protocol") from error
    if any(size < 0 for size in frame.buffers) or sum(frame.buffers) > MAX_FRAME_BYTES:
        raise ProtocolError("the worker's answer is too large")
    return frame.message, [read(size) for size in frame.buffers]


def decode(value: Value, buffers: list[Any], resolve: Callable[[Handle], Any], depth: int = 0) -> Any:
    """Turn a description into its value. Arrays and tensors use the memory of the received buffers.

    Args:
        buffers: writable buffers that belong to this value alone.
        resolve: turns a handle into a proxy (in the grader) or into the object itself (in its worker).

    Raises:
        ProtocolError: the description is one that no encoder writes.
    """
    if depth > MAX_DEPTH + ROOM:
        raise ProtocolError("the answer is nested too deep")
    if isinstance(value, Plain):
        return value.value
    if isinstance(value, Items):
        items = [decode(item, buffers, resolve, depth + 1) for item in value.items]
        return items if value.kind == "list" else tuple(items)
    if isinstance(value, Mapping):
        pairs = [
            (decode(key, buffers, resolve, depth + 1), decode(item, buffers, resolve, depth + 1))
            for key, item in value.pairs
        ]
        if len(pairs) > MAX_PAIRS or not all(_is_key(key) for key, _ in pairs):
            raise ProtocolError("a dict of the answer has too many keys, or odd ones")
        return dict(pairs)
    if isinstance(value, Array):
        return _decode_array(value, buffers)
    if isinstance(value, TensorValue):
        return _decode_tensor(value, buffers)
    if isinstance(value, Bytes):
        return bytes(_buffer(value.buffer, buffers))
    if isinstance(value, BigInt):
        if len(value.digits) > MAX_INT_BITS // 4 + len("-0x"):
            raise ProtocolError("a number of the answer is too large")
        try:
            return int(value.digits, 16)
        except ValueError as error:
            raise ProtocolError("a number of the answer is none") from error
    return resolve(value)


def _is_key(key: Any) -> bool:
    return type(key) in KEYS and (not isinstance(key, int) or -(2**63) <= key < 2**63)


def _decode_array(value: Array, buffers: list[Any]) -> Any:
    if len(value.dtype) > 8:  # "<c16" is the longest; a description of megabytes would take seconds to refuse
        raise ProtocolError("an array of the answer has no dtype")
    try:
        dtype = np.dtype(value.dtype)
    except TypeError as error:
        raise ProtocolError("an array of the answer has no dtype") from error
    if dtype.kind not in ARRAY_KINDS or dtype.subdtype is not None or not dtype.isnative:
        raise ProtocolError("an array of the answer is not one of numbers")
    data = _sized(value, buffers, dtype.itemsize)
    array = np.frombuffer(data, dtype=dtype).reshape(value.shape)
    return array[()] if value.scalar else array


def _decode_tensor(value: TensorValue, buffers: list[Any]) -> torch.Tensor:
    dtype = TENSOR_DTYPES.get(value.dtype)
    if dtype is None:
        raise ProtocolError("a tensor of the answer has an unknown dtype")
    data = _sized(value, buffers, dtype.itemsize)
    if len(data):
        tensor = torch.frombuffer(data, dtype=dtype).reshape(value.shape)
    else:
        tensor = torch.empty(value.shape, dtype=dtype)
    return torch.nn.Parameter(tensor) if value.parameter and dtype.is_floating_point else tensor


def is_shape(value: list[Any]) -> bool:
    """Whether these are possible sizes of an array.

    Their number is checked first, since multiplying a million takes seconds.
    """
    return len(value) <= MAX_DIMENSIONS and all(type(size) is int and 0 <= size <= MAX_FRAME_BYTES for size in value)


def _buffer(index: int, buffers: list[Any]) -> Any:
    if not 0 <= index < len(buffers) or buffers[index] is None:
        raise ProtocolError("a value of the answer has no data of its own")
    data, buffers[index] = buffers[index], None
    return data


def _sized(value: Array | TensorValue, buffers: list[Any], itemsize: int) -> Any:
    data = _buffer(value.buffer, buffers)
    if not is_shape(value.shape):
        raise ProtocolError("an array of the answer has no shape that an array can have")
    if math.prod(value.shape) * itemsize != len(data):
        raise ProtocolError("an array of the answer has another size than its data")
    return data
