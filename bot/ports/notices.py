"""What is asked of the store to tell authors what became of their lessons: counts, readers, and what they know already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from bot.domain.notices import Key, News


class Reader(msgspec.Struct, frozen=True):
    """Somebody who is told. ``zone`` is the one in force."""

    member: str
    zone: str
    region: str | None = None


class Notices(Protocol):
    def readers(self) -> Sequence[Reader]:
        """The active authors; where there is none, the administrators."""
        ...

    def unclear(self) -> Mapping[str, int]:
        """How many people called each lesson unclear."""
        ...

    def given_up(self) -> Mapping[str, int]:
        """For how many people each concept left the reviews after too many misses."""
        ...

    def suggested(self) -> Sequence[str]:
        """Suggested terms that wait, oldest first."""
        ...

    def finished(self, lesson: str, most: int) -> frozenset[str]:
        """Who finished a lesson; at most so many of them."""
        ...

    def finished_before(self, lesson: str, rev: int, most: int) -> int:
        """How many people finished a lesson before this revision, counted up to ``most``."""
        ...

    def told(self, member: str) -> Mapping[Key, int]:
        """What a reader was told, and of how many people."""
        ...

    def tell(self, member: str, news: Sequence[News]) -> None:
        """Remember that a reader was told."""
        ...
