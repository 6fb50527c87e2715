"""Company words in prose: ``{{ name }}`` is replaced by a value, and a value can never become markup."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from bot.domain.pack import Pack, Variable
from bot.messages import clip

PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")  # the name has spaces around it
VALUE_LIMIT = 200

_IN_JSON = re.compile(rb"\{\{ *([a-z][a-z0-9_]*) *\}\}")
# Our Markdown subset has no escape character, so what could open or close a span gives way to its look-alike.
_LOOK_ALIKE = str.maketrans({"*": "\u2217", "`": "\u02cb", "[": "\uff3b", "]": "\uff3d"})
_EDGE_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)|__")
_LEADING_DASH = re.compile(r"^-(?=\s|$)")


def placeholders(text: str) -> set[str]:
    """The names a text asks for, whether they are declared or not."""
    return {name.strip() for name in PLACEHOLDER.findall(text)}


def harmless(value: str) -> str:
    """One line of at most 200 characters that reads the same and parses as plain text wherever it is put."""
    line = " ".join(value.split()).translate(_LOOK_ALIKE)
    line = _EDGE_UNDERSCORE.sub(lambda match: "\uff3f" * len(match[0]), line)
    return clip(_LEADING_DASH.sub("\u2013", line), VALUE_LIMIT)


def filled(pack: Pack, values: Mapping[str, str]) -> Pack:
    """The pack with company values over the declared defaults; a value nobody declared is ignored.

    It works on the encoded pack: one pass over bytes instead of a walk through every field.
    """
    words = {variable.name.encode(): _word(variable, values) for variable in pack.variables}
    data = _IN_JSON.sub(lambda match: words.get(match[1], match[0]), msgspec.json.encode(pack))
    return msgspec.json.decode(data, type=Pack)


def _word(variable: Variable, values: Mapping[str, str]) -> bytes:
    text = harmless(values.get(variable.name) or variable.default)
    return msgspec.json.encode(text)[1:-1]
