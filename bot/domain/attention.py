"""When a lesson may ask for attention again, and when it stops asking."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.calendar import zone_named

NUDGE_AFTER = timedelta(hours=2)
NUDGE_UNTIL = timedelta(hours=5)  # after the lesson arrived
ACTIVE = timedelta(hours=24)  # nobody is nudged who did something within this time
WORK_BEGINS, WORK_ENDS = 8, 18  # hours of the local day
IGNORED_LIMIT = 5  # lessons in a row
SNOOZE = timedelta(hours=1)
SNOOZES = 3  # a day
PRACTICE_AFTER = (30, 60)  # days after a lesson: was it tried, and does it last
PRACTICE_EVERY = timedelta(days=7)  # one question about practice a week at most
REPORT_FLOOR = 30  # answers before a share is told


def in_working_hours(zone: str, at: datetime) -> bool:
    """Whether a nudge may be sent now: inside the local working day, outside the quiet hours."""
    return WORK_BEGINS <= at.astimezone(zone_named(zone)).hour < WORK_ENDS
