"""The app's two icons as PNG files, drawn by code: three rising bars, each taller by one step."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

ACCENT = "#0B5A5E"
COLOR_SIZE, OUTLINE_SIZE = 192, 32
Pixel = tuple[int, int, int, int]
_WHITE: Pixel = (255, 255, 255, 255)
_CLEAR: Pixel = (255, 255, 255, 0)


def color() -> bytes:
    """192 x 192, white on the accent color."""
    red, green, blue = (int(ACCENT[at : at + 2], 16) for at in (1, 3, 5))
    return _png(COLOR_SIZE, lambda x, y: _WHITE if _mark(x, y, COLOR_SIZE) else (red, green, blue, 255))


def outline() -> bytes:
    """32 x 32, white on nothing."""
    return _png(OUTLINE_SIZE, lambda x, y: _WHITE if _mark(x, y, OUTLINE_SIZE) else _CLEAR)


def _mark(x: int, y: int, size: int) -> bool:
    """Bars of a sixteenth's grid: at columns 3, 7 and 11, three wide, ending at row 12."""
    column, row = x * 16 // size, y * 16 // size
    bar, inside = divmod(column - 3, 4)
    return 0 <= bar < 3 and inside < 3 and 9 - 3 * bar <= row <= 12


def _png(size: int, pixel: Callable[[int, int], Pixel]) -> bytes:
    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(size)) for y in range(size))
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
