"""What to do with more than a message holds: one cut, said aloud, and never a lost button.

Long words were already split over blocks. What is still too much is cut at the end, with a note, and the buttons,
choices and forms behind the cut stay, for a screen without its buttons is a dead end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from adapters.slack import limits
from adapters.slack.spans import plain_text

Json = dict[str, Any]
CUT = "There is more than fits in one message; the rest is left out here."


class Piece(NamedTuple):
    """A rendered block and whether it must survive a cut."""

    block: Json
    lasting: bool


def fitted(pieces: list[Piece], most: int, letters: int) -> list[Json]:
    """At most ``most`` blocks and ``letters`` characters: cut once, note it there, keep what can be pressed."""
    blocks = [piece.block for piece in pieces]
    # Nearly every message is short, and its JSON, which holds every word and more, is measured in no time.
    if len(blocks) <= most and (len(msgspec.json.encode(blocks)) <= letters or _letters(blocks) <= letters):
        return blocks
    lasting = [piece for piece in pieces if piece.lasting]
    room = most - 1 - len(lasting)
    left = letters - len(CUT) - sum(_letters(piece.block) for piece in lasting)
    kept: list[Json] = []
    cut = False
    for piece in pieces:
        if not piece.lasting and not cut:
            room, left = room - 1, left - _letters(piece.block)
            cut = room < 0 or left < 0
            kept += [_cut_note()] if cut else []
        if piece.lasting or not cut:
            kept.append(piece.block)
    return kept if len(kept) <= most else [*kept[: most - 1], _cut_note()]


def _cut_note() -> Json:
    return {"type": "context", "elements": [plain_text(CUT, limits.CONTEXT)]}


def _letters(made: Any) -> int:
    """Characters of all words in a block."""
    if isinstance(made, dict):
        own = made.get("text")
        rest = sum(_letters(value) for value in made.values() if not isinstance(value, str))
        return rest + (len(own) if isinstance(own, str) else 0)
    return sum(_letters(one) for one in made) if isinstance(made, list) else 0
