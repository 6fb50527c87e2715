"""Words made safe and plain: what every renderer does to a person's text before it is shown anywhere."""

from __future__ import annotations

import re

BAR_CELLS = 10

# Control characters (newline and tab stay), lone surrogates (they cannot be encoded), the characters that turn the
# direction of a line (a reversed file name is the classic trick) and spaces of no width. The joiners U+200C and U+200D
# stay: Persian, Indic scripts and emoji need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_BREAKS = re.compile("\r\n?|\u2028|\u2029|\x85")


def clean(text: str) -> str:
    """The text without control and bidirectional characters; every line break is a newline."""
    if text.isprintable():  # nearly every text is: then nothing of the kind is in it
        return text
    return _UNSEEN.sub("", _BREAKS.sub("\n", text))


def one_line(text: str) -> str:
    """Clean text on one line: for headings, labels and titles."""
    return " ".join(clean(text).split())


def bar(done: int, total: int) -> str:
    """A progress bar of ten cells with the count in words, e.g. ``███░░░░░░░ 3 of 10``."""
    share = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
    filled = int(share * BAR_CELLS)
    return "\N{FULL BLOCK}" * filled + "\N{LIGHT SHADE}" * (BAR_CELLS - filled) + f" {done} of {total}"


def weight(size: int) -> str:
    """A number of bytes for people: ``512 bytes``, ``12 kB``, ``3.4 MB``."""
    if size < 1000:
        return f"{size} bytes"
    return f"{round(size / 1000)} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def grid(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    """A table as aligned lines, for places that show type of one width and have no tables."""
    lines = [[one_line(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    rule = ["\N{BOX DRAWINGS LIGHT HORIZONTAL}" * width for width in widths]
    padded = (
        ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))).rstrip()
        for line in [lines[0], rule, *lines[1:]]
    )
    return "\n".join(padded)
