"""The weekly quiz: when it is open in a channel, which quiz comes next, and which figures may be shown.

A quiz is labelled by the ISO week in which it opens. Its times are wall-clock times of the channel's zone; see
``bot.domain.calendar`` for clock changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from bot.domain.calendar import DAY, instant, iso_week, local_date, week_start
from bot.domain.pack import Quiz
from bot.domain.settings import TenantSettings

WEEK = timedelta(days=7)
AHEAD = timedelta(days=15)  # holds the next opening of any channel
OPENING_LATE = timedelta(hours=4)  # an opening not sent by then is missed
RESULTS_LATE = timedelta(days=2)  # results not sent by then are missed
STATE_EVERY = timedelta(minutes=1)  # the least time between two new counts on a parent message
_TAKEN_IN_TURN = ("beta", "active")


class Times(msgspec.Struct, frozen=True):
    """Weekday (0 Monday) and minute of the day at which a quiz opens and closes."""

    open: tuple[int, int]
    close: tuple[int, int]

    @classmethod
    def of(cls, settings: TenantSettings) -> Times:
        return cls(settings.quiz_open, settings.quiz_close)


class Opening(msgspec.Struct, frozen=True):
    """One quiz in one channel: open from ``opens_at`` until just before ``closes_at``."""

    week: str
    opens_at: datetime
    closes_at: datetime

    def is_open(self, at: datetime) -> bool:
        return self.opens_at <= at < self.closes_at

    @property
    def latest(self) -> datetime:
        """The instant from which it is too late to open."""
        return min(self.opens_at + OPENING_LATE, self.closes_at)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody may see of a closed quiz; None where too few people answered."""

    took_part: int | None
    picks: dict[str, dict[str, int] | None]  # asking -> option -> answers


def opening(zone: str, week: str, times: Times) -> Opening:
    """The quiz of an ISO week. A closing that is not later in the week than the opening is in the week after."""
    monday = week_start(week)
    last = monday if times.close > times.open else monday + WEEK
    (open_day, open_minute), (close_day, close_minute) = times.open, times.close
    return Opening(
        week,
        instant(zone, monday + open_day * DAY, open_minute),
        instant(zone, last + close_day * DAY, close_minute),
    )


def openings(zone: str, times: Times, after: datetime, until: datetime) -> list[Opening]:
    """The quizzes that open after ``after``, up to and including ``until``."""
    day, last = local_date(zone, after) - WEEK, local_date(zone, until) + WEEK
    found = []
    while day <= last:
        one = opening(zone, iso_week(day), times)
        if after < one.opens_at <= until:
            found.append(one)
        day += WEEK
    return found


def next_opening(zone: str, times: Times, after: datetime) -> Opening:
    return openings(zone, times, after, after + AHEAD)[0]


def next_quiz(quizzes: Sequence[Quiz], used: Mapping[str, str]) -> Quiz | None:
    """The one least recently used; ``used`` holds the latest week by quiz id. Never used ones first, in their order."""
    waiting = [one for one in quizzes if one.status in _TAKEN_IN_TURN]
    return min(waiting, key=lambda one: used.get(one.id, ""), default=None)


def asking_id(week: str, position: int) -> str:
    """The id of a week's question; ``position`` counts from 1."""
    return f"quiz-{week}-{position}"


def shown_count(people: int, floor: int) -> int | None:
    """How many took part, where that many may be named."""
    return people if people >= floor else None


def figures(people: int, picks: Mapping[str, Mapping[str, int]], settings: TenantSettings) -> Figures:
    """The figures that may be published; ``picks`` counts answers by asking and option."""
    return Figures(
        took_part=shown_count(people, settings.group_floor),
        picks={
            asking: dict(counts) if sum(counts.values()) >= settings.quiz_pick_floor else None
            for asking, counts in picks.items()
        },
    )
