"""What is asked of the store to keep lessons welcome: marks, nudges, days kept, practice, and the authors' figures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Literal, Protocol

import msgspec

from bot.domain.streaks import Kept

Mark = Literal["unclear", "like"]


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """A lesson in figures that name nobody, each a number of members."""

    lesson: str
    reached: int
    done: int
    unclear: int = 0
    likes: int = 0
    used: Mapping[int, tuple[int, int]] = {}  # days after the lesson -> (answered whether they used it, did)


class Check(msgspec.Struct, frozen=True):
    """Did they use a lesson, so many days after it?"""

    lesson: str
    after: int


class Facility(msgspec.Struct, frozen=True):
    """All answers to a question that count."""

    answers: int
    right: int


class Attention(Protocol):
    def mark(self, member: str, lesson: str, what: Mark, now: datetime) -> bool:
        """Remember what a member said of a lesson; False when they had said it before."""
        ...

    def plan_nudges(self, start: datetime, end: datetime) -> int:
        """Write a nudge for every daily that arrived two hours before, for members who were not active lately."""
        ...

    def next_nudge(self, after: datetime) -> datetime | None: ...

    def active_since(self, members: Collection[str], since: datetime) -> set[str]: ...

    def kept(self, member: str, since: date) -> Sequence[Kept]:
        """The days since a date on which a lesson arrived or something was done."""
        ...

    def practised(self, member: str, now: datetime) -> Check | None:
        """Pick the lesson to ask "did you use it?" about and remember that it was asked; None when none is due.

        A later check of a lesson that was asked about before comes first; then the latest lesson that is old enough.
        """
        ...

    def practice(self, member: str, check: Check, used: bool) -> bool:
        """The answer to that question; False when there was one, or no question."""
        ...

    def reach(self) -> Sequence[Reach]:
        """Every lesson that reached anybody."""
        ...

    def facility(self) -> Mapping[str, Facility]:
        """The answers to every question that has any."""
        ...
