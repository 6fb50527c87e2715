"""What the glossary asks of the store: counts without names, and what people could not find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec


class Miss(msgspec.Struct, frozen=True):
    """Words nobody could define, and how often they were asked for."""

    words: str
    asked: int
    last: datetime


class Glossary(Protocol):
    def add_uses(self, uses: Mapping[str, int]) -> None: ...

    def add_misses(self, misses: Mapping[str, int], now: datetime) -> None: ...

    def uses(self) -> Mapping[str, int]: ...

    def misses(self, limit: int = 20) -> Sequence[Miss]:
        """Most asked first."""
        ...

    def suggest(self, id: str, term: str, meaning: str, member: str, now: datetime) -> None: ...

    def suggested_by(self, member: str) -> int:
        """How many suggestions of this member are stored."""
        ...
