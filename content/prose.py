"""What the rules need to know of prose: words, sentences, and the texts inside an item."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from bot.domain.pack import Item
from bot.markdown import blocks
from bot.messages import Text, plain
from content.problems import Path

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9{])|\n")
_WORD = re.compile(r"[\w{}]+(?:[-'\u2019./][\w{}]+)*")
# Names of fields whose values are ids, dates and choices from a list, at the top of an item and inside it.
_NO_PROSE = frozenset(
    "id topic owner reviewed status sources see lessons terms concepts modes start signed_by template type also prereqs "  # noqa: SIM905 - as in content.words
    "core_question questions".split()
)
_NO_PROSE_INSIDE = frozenset(
    "id goto ask on_timeout after to produce measures grade fits flags type state sign effect evidence".split()  # noqa: SIM905 - as above
)


def words(text: str) -> list[str]:
    return _WORD.findall(text)


@lru_cache(maxsize=2_000)  # several rules read the same body
def visible(markdown: str) -> str:
    """The words a reader sees, fenced code left out."""
    return "\n".join(plain(block.spans) for block in blocks(markdown) if isinstance(block, Text))


def sentences(markdown: str) -> list[str]:
    return [sentence for sentence in _SENTENCE_END.split(visible(markdown)) if sentence.strip()]


def texts(item: Item) -> Iterator[tuple[Path, str]]:
    """Every prose text of an item with its path; ids and dates are not prose."""
    for name, value in msgspec.to_builtins(item).items():
        if name not in _NO_PROSE:
            yield from _inside(value, (name,))


def _inside(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in _NO_PROSE_INSIDE:
                yield from _inside(inner, (*path, name))
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value):
            yield from _inside(inner, (*path, at))
