"""What published digests ask of the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

import msgspec

from bot.domain.digests import Activity, Figures


class Edition(msgspec.Struct, frozen=True):
    """One team's published figures of one week, for the one reader who is not counted in them."""

    team: str
    reader: str
    week: str
    figures: Figures


class Digests(Protocol):
    def published_set(self, team: str, reader: str) -> frozenset[str]:
        """The keyed hashes of the people of the last edition for this reader."""
        ...

    def publish_set(self, team: str, reader: str, hashes: frozenset[str]) -> None: ...

    def unseal(self, hashes: frozenset[str]) -> list[str]:
        """The member ids behind keyed hashes, people who left among them."""
        ...

    def seal(self, members: Collection[str]) -> frozenset[str]: ...

    def activity(self, members: Collection[str], first: date, last: date) -> Mapping[str, Activity]: ...

    def answers(self, members: Collection[str], start: datetime, end: datetime) -> Sequence[tuple[str, str, bool]]:
        """(member, question, correct) of a span; for the publishing job alone."""
        ...

    def publish(self, edition: Edition, now: datetime) -> bool:
        """Store an edition; False when that team, reader and week was published before: it is never computed again."""
        ...

    def editions(self, team: str, reader: str, limit: int) -> list[Edition]:
        """The latest editions of a team for one reader, newest first."""
        ...
