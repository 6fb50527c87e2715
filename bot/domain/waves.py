"""How long it takes until the last of many messages to one workspace has gone: the one place that knows how fast we send."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import msgspec

from bot.domain.calendar import instant

# Messages a minute to one workspace: a little below what the platforms allow. The playground takes everything at once.
PER_MINUTE = {"slack": 300, "teams": 1_500}
WORTH_SAYING = timedelta(minutes=1)  # what takes less is punctual


class Crowd(msgspec.Struct, frozen=True):
    """People of one workspace who have chosen one time of day."""

    zone: str
    minute: int
    people: int


class Wave(msgspec.Struct, frozen=True):
    """A crowd on one day: its time, and when its last message arrives, in UTC."""

    crowd: Crowd
    begins: datetime
    ends: datetime

    @property
    def told_end(self) -> datetime:
        """The minute to tell people: by then the last one has it."""
        return ceiled(self.ends)


def ceiled(at: datetime) -> datetime:
    """The next whole minute."""
    over = timedelta(seconds=at.second, microseconds=at.microsecond)
    return at + (timedelta(minutes=1) - over) if over else at


def rounded(count: int) -> int:
    """A number to say "about" of: two digits of it."""
    step = int(10 ** max(0, len(str(count)) - 2))
    return round(count / step) * step


def arrivals(batches: Iterable[tuple[datetime, int]], per_minute: int | None) -> list[datetime]:
    """When the last message of each batch has gone. A batch is an instant and how many are due then, earliest first.

    One lane sends one after the other, so a batch waits for what is left of those before it. ``None``: all at once.
    """
    found: list[datetime] = []
    free = None  # when the lane has nothing left
    for due, count in batches:
        begins = due if free is None else max(free, due)
        free = begins + timedelta(minutes=count / per_minute) if per_minute else begins
        found.append(free)
    return found


def waves(crowds: Sequence[Crowd], platform: str, day: date) -> list[Wave]:
    """The crowds of one workspace on a day that take a while to serve, the largest first."""
    begins = sorted(((instant(one.zone, day, one.minute), one) for one in crowds), key=lambda pair: pair[0])
    ends = arrivals(((at, one.people) for at, one in begins), PER_MINUTE.get(platform))
    found = [Wave(one, at, end) for (at, one), end in zip(begins, ends, strict=True)]
    found.sort(key=lambda one: (-one.crowd.people, one.begins))
    return [one for one in found if one.ends - one.begins >= WORTH_SAYING]
