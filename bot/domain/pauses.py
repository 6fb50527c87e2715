"""How people say until when: a date, a weekday, a number of days or weeks."""

from __future__ import annotations

import re
from datetime import date, timedelta

from bot.domain.calendar import DAY_NAMES

LONGEST = timedelta(days=366)
_SPAN = re.compile(r"(?:for\s+)?(\d{1,3}|a|an|one|two|three)\s+(day|week|month)s?")
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3}
_DAYS = {"day": 1, "week": 7, "month": 30}


def until(words: str, today: date) -> date | None:
    """The first day that is free again; None for "until I say so". Raises ``ValueError`` for anything else.

    ``2026-12-01``, ``friday``, ``tomorrow``, ``2 weeks``, each with or without ``until`` or ``for``.
    """
    said = words.casefold().removeprefix("until").strip().rstrip(".")
    if not said:
        return None
    day = _named(said, today) or _after(said, today) or _dated(said)
    if day is None or not today < day <= today + LONGEST:
        raise ValueError(words)
    return day


def _named(said: str, today: date) -> date | None:
    if said == "tomorrow":
        return today + timedelta(days=1)
    if said == "next week":
        return today + timedelta(days=7 - today.weekday())
    names = [name.casefold() for name in DAY_NAMES]
    matching = [at for at, name in enumerate(names) if len(said) >= 3 and name.startswith(said)]
    if len(matching) != 1:
        return None
    return today + timedelta(days=(matching[0] - today.weekday() - 1) % 7 + 1)


def _after(said: str, today: date) -> date | None:
    match = _SPAN.fullmatch(said)
    if match is None:
        return None
    count, unit = match.groups()
    return today + timedelta(days=(_COUNTS.get(count) or int(count)) * _DAYS[unit])


def _dated(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None
