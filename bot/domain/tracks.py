"""Several tracks at once: whose turn it is, what must come first, how far somebody has come, and what lies ahead."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

import msgspec

from bot.domain.calendar import DAY
from bot.domain.lessons import next_lesson
from bot.domain.pack import Lesson, Track

TAUGHT = ("beta", "active", "deprecated")
WARMED_UP = 10  # lessons, two weeks: from here on no topic comes twice in a row where it can be helped
SWAP = 3  # how far ahead a lesson of another topic is looked for
NEVER = datetime.fromtimestamp(0, UTC)
FUTURE = datetime(9000, 1, 1, tzinfo=UTC)


class Enrolment(msgspec.Struct, frozen=True):
    """A member's place in a track. ``total`` is how many lessons it had when they began; 0 is not known."""

    track: str
    total: int = 0
    turn_at: datetime | None = None  # when it last had its turn
    given: bool = False  # by a rule or a list of their company, and not chosen since


class Choice(msgspec.Struct, frozen=True):
    """A lesson and the track whose turn brings it."""

    track: str
    lesson: str


class Standing(msgspec.Struct, frozen=True):
    """How far somebody has come. ``new`` lessons were added since they began and do not lessen what they have done."""

    done: int
    total: int
    new: int = 0
    new_done: int = 0

    @property
    def finished(self) -> bool:
        return self.done >= self.total and self.new_done >= self.new


def taught(track: Track, lessons: Mapping[str, Lesson]) -> list[str]:
    """The lessons of a track that are taught now, each after those it builds on, whatever track these are in."""
    found: dict[str, None] = {}
    entered: set[str] = set()

    def add(id: str) -> None:
        lesson = lessons.get(id)
        if lesson is None or lesson.status not in TAUGHT or id in entered:
            return
        entered.add(id)
        for base in lesson.prereqs:
            add(base)
        found[id] = None

    for id in track.lessons:
        add(id)
    return list(found)


class Courses:
    """The tracks and lessons of one pack; the order of each track is worked out once."""

    def __init__(self, tracks: Mapping[str, Track], lessons: Mapping[str, Lesson]) -> None:
        self.lessons = lessons
        self._tracks = tracks
        self._orders: dict[str, list[str]] = {}

    def order(self, track: str) -> list[str]:
        """What :func:`taught` says of a track; nothing for one that is gone."""
        if track not in self._orders:
            known = self._tracks.get(track)
            self._orders[track] = taught(known, self.lessons) if known else []
        return self._orders[track]


def choose(
    courses: Courses,
    enrolments: Sequence[Enrolment],
    done: Collection[str],
    shown: Mapping[str, int],
    last: str | None = None,
) -> Choice | None:
    """The next lesson: the track that has waited longest has its turn; one with nothing left passes it on.

    ``last`` is the lesson before this one: its topic is not repeated where a lesson soon after it can take its place.
    """
    for one in _in_turn(enrolments):
        waiting = [id for id in courses.order(one.track) if id not in done]
        first = next_lesson(waiting, done, shown)
        if first is not None:
            return Choice(one.track, _varied(first, waiting, courses.lessons, done, shown, last))
    return None


def _in_turn(enrolments: Sequence[Enrolment]) -> list[Enrolment]:
    return sorted(enrolments, key=lambda one: one.turn_at or NEVER)  # stable: at first in the order of enrolment


def _varied(
    first: str,
    waiting: Sequence[str],
    lessons: Mapping[str, Lesson],
    done: Collection[str],
    shown: Mapping[str, int],
    last: str | None,
) -> str:
    if (
        last is None
        or last not in lessons
        or len(done) < WARMED_UP
        or lessons[first].topic != lessons[last].topic
        or first in shown
    ):
        return first
    fresh = [id for id in waiting if id not in shown][:SWAP]
    free = (id for id in fresh if not any(base in fresh for base in lessons[id].prereqs))
    return next((id for id in free if lessons[id].topic != lessons[first].topic), first)


def standing(track: Track, begun_with: int, done: Collection[str]) -> Standing:
    """The share done never falls when lessons are added: these are counted beside what there was at the beginning."""
    total = min(begun_with, len(track.lessons)) if begun_with else len(track.lessons)
    count = sum(id in done for id in track.lessons)
    new = len(track.lessons) - total
    return Standing(min(count, total), total, new, max(0, count - total))


def ahead(
    days: Iterable[date],
    courses: Courses,
    enrolments: Sequence[Enrolment],
    done: Collection[str],
    shown: Mapping[str, int],
    last: str | None = None,
) -> list[tuple[date, Choice | None]]:
    """What the coming days bring if every lesson is answered on its day; None once every track is finished."""
    done, places, found = set(done), list(enrolments), []
    for day in days:
        choice = choose(courses, places, done, shown, last)
        found.append((day, choice))
        if choice is not None:
            done.add(choice.lesson)
            last = choice.lesson
            turn = FUTURE + len(found) * DAY  # only the order counts
            places = [
                msgspec.structs.replace(one, turn_at=turn) if one.track == choice.track else one for one in places
            ]
    return found
