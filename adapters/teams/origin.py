"""Where a private answer came from: what was asked in a channel is answered in the person's own chat, and a button on
that answer ("share in channel") still means the channel.

The place rides in the data of the card's actions, and what comes back from a card can be forged; so it is signed for
the one person who asked.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Literal

from bot.domain.conversation import Place

Json = dict[str, Any]
FIELD = "from"


def key_of(secret: str) -> bytes:
    """A key of its own, made from the app's secret."""
    return hashlib.sha256(b"origin of an answer\0" + secret.encode()).digest()


def marked(made: Any, key: bytes, account: str, place: Place) -> Any:
    """A rendered activity whose actions carry the place."""
    told = [place.kind, place.id, place.thread or ""]
    return _with(made, {"place": told, "sign": _sign(key, account, told)})


def place_of(data: Mapping[str, Any], key: bytes, account: str) -> Place | None:
    """The place a pressed action carries, if it was signed for this person."""
    found = data.get(FIELD)
    if not isinstance(found, dict):
        return None
    told = found.get("place")
    if not isinstance(told, list) or len(told) != 3 or not all(isinstance(one, str) for one in told):
        return None
    if not hmac.compare_digest(_sign(key, account, told).encode(), str(found.get("sign", "")).encode()):
        return None
    kind: Literal["channel", "group"] = "channel" if told[0] == "channel" else "group"
    return Place(kind, told[1], told[2] or None)


def _sign(key: bytes, account: str, told: list[str]) -> str:
    return hmac.new(key, json.dumps([account, *told]).encode(), hashlib.sha256).hexdigest()[:32]


def _with(made: Any, origin: Json) -> Any:
    if isinstance(made, list):
        return [_with(one, origin) for one in made]
    if not isinstance(made, dict):
        return made
    return {
        name: {**value, FIELD: origin} if name == "data" and "action" in value else _with(value, origin)
        for name, value in made.items()
    }
