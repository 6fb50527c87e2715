"""What the lessons feature asks of the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

import msgspec

from bot.domain.calendar import Rhythm
from bot.domain.tracks import Enrolment


class Learner(msgspec.Struct, frozen=True, kw_only=True):
    """How a member takes lessons. ``paused_until`` None with ``paused`` set means until they resume."""

    member: str
    tracks: tuple[Enrolment, ...]  # in the order they were begun
    roles: tuple[str, ...] = ()  # the first one whose words a lesson has is used
    zone: str
    minute: int
    days: int
    paused: bool = False
    paused_until: date | None = None
    ignored: int = 0  # lessons in a row without an answer

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(self.zone, self.minute, self.days)


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """One question put once. ``order`` is the option letters as shown; ``member`` None for a question put to many."""

    id: str
    source: str  # "daily", "review", "quiz"
    source_id: str
    position: int
    question: str
    rev: int
    order: tuple[str, ...]
    pack: str
    member: str | None = None


class Given(msgspec.Struct, frozen=True):
    """An answer that counted."""

    asking: str
    member: str
    option: str
    correct: bool
    at: datetime


class Recorded(msgspec.Struct, frozen=True):
    """An answer as it stands in somebody's record."""

    question: str
    rev: int
    correct: bool
    at: datetime


class History(msgspec.Struct):
    """What one member was shown and has finished; ``last`` is what was put before them last."""

    done: set[str] = msgspec.field(default_factory=set)
    shown: dict[str, int] = msgspec.field(default_factory=dict)  # how often
    last: str | None = None


class Showing(msgspec.Struct, frozen=True):
    """A lesson put before a member in the turn of a track."""

    member: str
    lesson: str
    rev: int
    track: str


class Lessons(Protocol):
    def learner(self, member: str, *, held: bool = False) -> Learner | None:
        """``held``: nobody else saves them before the commit, for what is saved is made of what was read."""
        ...

    def learners(self, members: Collection[str]) -> dict[str, Learner]: ...

    def save(self, learner: Learner) -> None:
        """Write how a member learns; a track they were in before keeps its turn and what it had at the beginning."""
        ...

    def remove(self, member: str) -> None:
        """End the enrolment; what was learned stays."""
        ...

    def plan(self, start: datetime, end: datetime) -> int:
        """Write the daily deliveries due after ``start`` up to ``end``, set-based. Returns how many are new."""
        ...

    def replan(self, member: str, now: datetime) -> None:
        """A changed rhythm: move today's open lesson, or write the one that is still due today."""
        ...

    def next_due(self, after: datetime) -> datetime | None:
        """The next instant at which any daily is due, within 48 hours."""
        ...

    def history(self, members: Collection[str]) -> dict[str, History]:
        """What each member was shown and has finished."""
        ...

    def show(self, shown: Sequence[Showing], now: datetime) -> None:
        """Remember what is put before members, and that its track has had its turn."""
        ...

    def attended(self, member: str) -> None:
        """The member did something with a lesson: the row of ignored ones begins anew."""
        ...

    def sent(self, members: Collection[str], now: datetime) -> None:
        """Remember when the last daily arrived: the next comes at least twelve hours later. Until something is done
        with it, it counts as ignored.
        """
        ...

    def done(self, members: Collection[str]) -> dict[str, set[str]]: ...

    def finish(self, member: str, lesson: str, rev: int, how: str, now: datetime) -> bool:
        """Mark a lesson done; False when it was already."""
        ...

    def ask(self, askings: Sequence[Asking]) -> None:
        """Write askings; one that exists is left alone."""
        ...

    def asking(self, id: str) -> Asking | None: ...

    def answer(self, given: Given) -> bool:
        """Record an answer; False when this member has answered this asking before."""
        ...

    def void(self, question: str, rev: int) -> frozenset[str]:
        """Answers to a question before this revision count no more. Returns whose they were."""
        ...

    def record(self, member: str, questions: Collection[str]) -> Sequence[Recorded]:
        """A member's answers to these questions that count, oldest first."""
        ...

    def given(self, asking: str, member: str) -> Given | None: ...

    def counts(self, member: str) -> Mapping[str, int]:
        """Numbers for the member's own progress view: done, answers, right."""
        ...
