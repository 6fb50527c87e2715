"""What the weekly quiz asks of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from bot.domain.quizzes import Figures, Opening
from bot.ports.lessons import Asking


class Subscription(msgspec.Struct, frozen=True):
    """A channel that gets the weekly quiz; ``zone`` is the channel's."""

    channel: str
    zone: str
    since: datetime


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The quiz of one week over all channels: from the first opening to the last closing."""

    week: str
    quiz: str
    pack: str
    theme: str
    opens_at: datetime
    closes_at: datetime

    def is_open(self, at: datetime) -> bool:
        return self.opens_at <= at < self.closes_at


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A week's quiz in one channel. ``opened_at`` is when it got there, ``missed`` why it never did.

    ``state_due`` is when the parent message was last asked to show a new count.
    """

    week: str
    channel: str
    opens_at: datetime
    closes_at: datetime
    opened_at: datetime | None = None
    state_due: datetime | None = None
    missed: str | None = None

    def is_open(self, at: datetime) -> bool:
        return self.opened_at is not None and at < self.closes_at


class Quizzes(Protocol):
    """Subscriptions, one run a week, and the run's state in each channel."""

    def subscribe(self, channel: str, now: datetime) -> bool:
        """Give a channel the quizzes that open from now on; False when it gets them already."""
        ...

    def unsubscribe(self, channel: str) -> bool: ...

    def subscription(self, channel: str) -> Subscription | None: ...

    def subscriptions(self) -> Sequence[Subscription]: ...

    def begin(self, run: Run) -> Run:
        """Write the run of a week unless there is one. Returns the one that stands."""
        ...

    def run(self, week: str) -> Run | None: ...

    def runs(self, weeks: Sequence[str]) -> Mapping[str, Run]: ...

    def used(self) -> Mapping[str, str]:
        """The latest week of every quiz that was ever begun."""
        ...

    def post(self, opening: Opening, channel: str, missed: str | None = None) -> bool:
        """Write the week's state of a channel once; False when it is there already."""
        ...

    def posts(self, week: str) -> Sequence[Post]: ...

    def latest(self, channel: str) -> Post | None:
        """The channel's latest quiz that got there."""
        ...

    def opened(self, week: str, channel: str, now: datetime) -> None: ...

    def state_due(self, week: str, channel: str, at: datetime) -> None: ...

    def reached(self, workspace: str, now: datetime) -> Sequence[Run]:
        """The runs that are open now and got to a channel of this workspace, oldest first."""
        ...

    def askings(self, week: str) -> Sequence[Asking]:
        """The questions of a run in their order."""
        ...

    def answered(self, week: str, member: str) -> frozenset[str]:
        """The askings of a run that a member has answered."""
        ...

    def took_part(self, weeks: Sequence[str]) -> Mapping[str, int]:
        """How many people answered at least one question of each run."""
        ...

    def picks(self, week: str) -> Mapping[str, Mapping[str, int]]:
        """How many answers each option of each asking got; an option nobody chose is left out."""
        ...

    def publish(self, week: str, figures: Figures) -> Figures:
        """Fix the figures of a run once. Returns those that stand."""
        ...

    def count(self, member: str) -> int:
        """How many quiz answers of a member are stored."""
        ...
