"""Students' pictures: only PNG and JPEG of moderate size, recognised by their first bytes."""

from __future__ import annotations

from pathlib import Path

from harness.base.untrusted import UnreadableError, read_bytes

__all__ = ["MAX_PIXELS", "SUFFIXES", "picture", "size_of"]

MAX_PIXELS = 20_000_000
MAX_SIDE = 20_000
MAX_BYTES = 16 << 20
SUFFIXES = (".png", ".jpg", ".jpeg")
PNG = b"\x89PNG\r\n\x1a\n"


def picture(path: Path) -> tuple[bytes, str] | None:
    """The bytes of a picture and its media type; None if it isn't safe for a browser."""
    if path.suffix.lower() not in SUFFIXES:
        return None
    try:
        data = read_bytes(path, MAX_BYTES)
    except UnreadableError:
        return None
    size = size_of(data)
    if size is None or not 0 < size[0] * size[1] <= MAX_PIXELS or max(size) > MAX_SIDE:
        return None
    return data, "image/png" if data.startswith(PNG) else "image/jpeg"


def size_of(data: bytes) -> tuple[int, int] | None:
    """The width and height in the header; None if it is neither PNG nor JPEG."""
    if data.startswith(PNG) and data[12:16] == b"IHDR" and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    place = 2
    while place + 9 < len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # a filling byte
            place += 1
        elif marker in range(0xC0, 0xD0) and marker not in (0xC4, 0xC8, 0xCC):  # a frame's header
            return int.from_bytes(data[place + 7 : place + 9], "big"), int.from_bytes(
                data[place + 5 : place + 7], "big"
            )
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None
