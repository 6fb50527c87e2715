"""Keeping at it: a streak over the days that brought a lesson, and a goal for the week. No day is anybody's guilt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

import msgspec

from bot.domain.calendar import iso_week

FREE_A_MONTH = 2  # days with a lesson and nothing done that do not end a streak
GOAL_SHARE = 0.6  # 3 of 5


class Kept(msgspec.Struct, frozen=True):
    """One local day: did a lesson arrive, and did the member do anything."""

    day: date
    sent: bool
    active: bool


def streak(days: Iterable[Kept], today: date) -> int:
    """Working days in a row up to today. Only a day that brought a lesson can end it: days off, holidays and pauses
    bring none. Two such days a month are free, and today is not over yet.
    """
    free: Counter[tuple[int, int]] = Counter()
    count = 0
    for one in sorted(days, key=lambda kept: kept.day, reverse=True):
        month = (one.day.year, one.day.month)
        if one.active:
            count += 1
        elif one.sent and one.day < today:
            free[month] += 1
            if free[month] > FREE_A_MONTH:
                break
    return count


def goal(days: int) -> int:
    """How many days a week are enough for a rhythm of so many weekdays (as bits): three of five."""
    return max(1, round(days.bit_count() * GOAL_SHARE))


def this_week(days: Iterable[Kept], today: date) -> int:
    """Days of the ISO week of ``today`` on which the member did something."""
    return sum(one.active for one in days if iso_week(one.day) == iso_week(today))


def turn_of(day: date, wordings: int) -> int:
    """Which of several wordings a date gets: the same on every resend, another one tomorrow."""
    return day.toordinal() % wordings
