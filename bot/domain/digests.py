"""The weekly digest of a team: which week, when it is published, and what a manager could do next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, time, timedelta

import msgspec

from bot.domain.calendar import instant, iso_week, week_start
from bot.domain.privacy import Share, share

WEEK = timedelta(days=7)
# Monday noon UTC: the last zone (UTC-12) has left Sunday by then, and every lesson of the week has come or expired.
CLOSED_AFTER = timedelta(days=7, hours=12)
KEPT = timedelta(days=3)  # a digest not sent by then is old news
TREND_WEEKS = 8
LOW, MIDDLING = 30, 60  # per cent: below these a figure asks for action


class Activity(msgspec.Struct, frozen=True):
    """One member's counters of a week."""

    lessons_sent: int = 0
    lessons: int = 0
    answers: int = 0
    quiz_answers: int = 0
    bookings: int = 0

    @property
    def took_part(self) -> bool:
        return bool(self.lessons or self.answers or self.quiz_answers or self.bookings)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader may see of one team and week; computed once, never again."""

    took_part: Share
    lessons: Share
    quiz: Share
    office_hours: Share
    hard_topics: tuple[str, ...] = ()
    action: str = "none"

    @property
    def shown(self) -> bool:
        """Whether there is a group to speak of."""
        return self.took_part.withheld != "small"


def closes_at(week: str) -> datetime:
    """The instant after which a week is over in every zone."""
    return datetime.combine(week_start(week), time(), UTC) + CLOSED_AFTER


def closed_week(now: datetime) -> str:
    """The last week that is over in every zone."""
    return iso_week((now - CLOSED_AFTER).date())


def next_close(after: datetime) -> datetime:
    """The next instant at which a week is over in every zone."""
    return closes_at(closed_week(after)) + WEEK


def sent_at(week: str, zone: str, weekday: int, minute: int) -> datetime:
    """When a manager in ``zone`` gets the digest of a week: in the week after it."""
    return instant(zone, week_start(week) + WEEK + timedelta(days=weekday), minute)


def figures(activity: Mapping[str, Activity], people: Collection[str], hard: Iterable[str], k: int) -> Figures:
    """The figures of a frozen set of ``people`` (ids); a member without a row did nothing."""
    rows = [activity.get(one, Activity()) for one in people]
    size = len(rows)
    took_part = share(sum(one.took_part for one in rows), size, size, k)
    # Of people who take no lessons a share of lessons says nothing: it is about the others, and they must be enough.
    learning = [one for one in rows if one.lessons_sent]
    sent = sum(one.lessons_sent for one in learning)
    lessons = share(sum(min(one.lessons, one.lessons_sent) for one in learning), sent, len(learning), k)
    quiz = share(sum(one.quiz_answers > 0 for one in rows), size, size, k)
    hours = share(sum(one.bookings > 0 for one in rows), size, size, k)
    return Figures(
        took_part=took_part,
        lessons=lessons,
        quiz=quiz,
        office_hours=hours,
        hard_topics=tuple(hard),
        action=_suggested(took_part, lessons, quiz, hours, tuple(hard)),
    )


def _suggested(took_part: Share, lessons: Share, quiz: Share, hours: Share, hard: tuple[str, ...]) -> str:
    """One next action: the first figure that asks for one, from what matters most."""
    if took_part.withheld == "small":
        return "wait"
    if _under(took_part, LOW):
        return "make_time"
    if hard:
        return "discuss_topic"
    if _under(lessons, MIDDLING):
        return "change_time"
    if _under(quiz, LOW) or quiz.withheld == "uniform":
        return "join_quiz"
    if _under(hours, LOW) or hours.withheld == "uniform":
        return "offer_hours"
    return "celebrate"


def _under(one: Share, limit: int) -> bool:
    return one.high is not None and one.high <= limit
