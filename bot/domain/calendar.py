"""Local calendars and UTC instants: the one place where a wall time becomes an instant.

A date and a wall time name exactly one instant in a zone: in a gap the time is shifted forward by the gap, in a fold
the first occurrence counts (RFC 5545, section 3.3.5).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import msgspec

DAY = timedelta(days=1)
REST = timedelta(hours=12)  # the least time between two dailies of one member
WORKDAYS = 0b0011111  # bit 0 is Monday
USUAL_MINUTE = 9 * 60 + 30  # of the day: when lessons come to somebody who chose no time
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CLOSE_OF_DAY = 18 * 60  # minutes: a lesson not sent by then is missed
LATEST_GRACE = 120  # minutes a lesson chosen for the evening may be late, past midnight if need be


class Rhythm(msgspec.Struct, frozen=True):
    """When somebody learns: zone, minutes after local midnight, and the weekdays as bits."""

    zone: str
    minute: int
    days: int = WORKDAYS


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    return name in zone_names()


def instant(zone: str, day: date, minute: int) -> datetime:
    """The UTC instant of ``minute`` minutes after midnight on the wall clock of ``zone`` on ``day``.

    From 24 hours on it is the wall clock of the next day.
    """
    days, minute = divmod(minute, 24 * 60)
    wall = datetime.combine(day + days * DAY, time(minute // 60, minute % 60), zone_named(zone))
    return wall.astimezone(UTC)


def day_words(day: date) -> str:
    """``Tuesday 3 November``."""
    return f"{day:%A} {day.day} {day:%B}"


def local_date(zone: str, at: datetime) -> date:
    return at.astimezone(zone_named(zone)).date()


def expiry_minute(minute: int) -> int:
    """The minute from which on a lesson due at ``minute`` is no longer sent; 24 hours and more is after midnight."""
    return max(CLOSE_OF_DAY, minute + LATEST_GRACE)


def is_workday(days: int, day: date) -> bool:
    return bool(days >> day.weekday() & 1)


def dates(first: date, last: date) -> Iterator[date]:
    """Every date from ``first`` to ``last``, both included."""
    for offset in range((last - first).days + 1):
        yield first + offset * DAY


def occurrences(
    rhythm: Rhythm, after: datetime, until: datetime, days_off: Collection[date] = frozenset()
) -> list[tuple[date, datetime]]:
    """The (local date, UTC instant) pairs with ``after < instant <= until`` on working days that are not days off."""
    first, last = local_date(rhythm.zone, after) - DAY, local_date(rhythm.zone, until) + DAY
    found = []
    for day in dates(first, last):
        if is_workday(rhythm.days, day) and day not in days_off:
            at = instant(rhythm.zone, day, rhythm.minute)
            if after < at <= until:
                found.append((day, at))
    return found


def iso_week(day: date) -> str:
    """The ISO week label of a date, such as ``2026-W47``."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def week_start(label: str) -> date:
    """The Monday of an ISO week label."""
    year, week = label.split("-W")
    return date.fromisocalendar(int(year), int(week), 1)


def clock_text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
