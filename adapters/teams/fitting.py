"""What to do with more than a card holds: one cut, said aloud, and never a lost button or input."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from adapters.teams import limits
from adapters.teams.spans import Json, run

CUT = "There is more than fits in one message; the rest is left out here."


class TooLarge(ValueError):
    """A card that Teams might refuse: a screen with too many buttons or options, to be split by its feature."""


class Piece(NamedTuple):
    """A rendered element and whether it must survive a cut."""

    element: Json
    lasting: bool


def utf16_size(data: Any) -> int:
    """Bytes of the JSON in UTF-16, which is how Teams counts (two a letter, four an emoji)."""
    made = msgspec.json.encode(data)
    return 2 * len(made) if made.isascii() else len(made.decode().encode("utf-16-le"))


def fitted(pieces: list[Piece], room: int) -> list[Json]:
    """The elements, cut at ``room`` bytes with a note; what can be pressed or filled in stays."""
    left = room - sum(utf16_size(piece.element) for piece in pieces if piece.lasting)
    kept: list[Json] = []
    cut = False
    for piece in pieces:
        if not piece.lasting and not cut:
            left -= utf16_size(piece.element)
            cut = left < 0
            kept += [_cut_note()] if cut else []
        if piece.lasting or not cut:
            kept.append(piece.element)
    return kept


def guarded(activity: Json) -> Json:
    """The activity, if it is small enough to be taken for certain."""
    size = utf16_size(activity)
    if size > limits.SIZE_REFUSED:
        raise TooLarge(f"a message of {size} bytes, at most {limits.SIZE_REFUSED}")
    return activity


def _cut_note() -> Json:
    return {"type": "RichTextBlock", "inlines": [run(CUT, small=True)]}
