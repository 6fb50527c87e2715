"""What the people who write lessons are told once a working day: what is news to one of them, and how people are counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from bot.domain.pack import Lesson

NOTICE_MINUTE = 10 * 60  # of the reader's working day
SHOWN = 8  # lessons of one sort; the report has them all
MOST_COUNTED = 1000  # people; from here on it is "and more"

What = Literal["unclear", "given_up", "correct", "replace", "retire", "suggested"]
CHANGES: tuple[What, ...] = ("correct", "replace", "retire")
Key = tuple[str, str, int]  # what, about, rev


class News(msgspec.Struct, frozen=True):
    """Something that happened to a lesson (or a suggestion that came), and to how many people; never to whom.

    ``rev`` is that of a lesson that has changed, else 0.
    """

    what: What
    about: str
    members: int
    rev: int = 0

    @property
    def key(self) -> Key:
        return (self.what, self.about, self.rev)


def is_news(one: News, told: int, floor: int) -> bool:
    """Whether it says more than was told before. Below the floor one person and three are said in the same words."""
    if one.what in {"unclear", "given_up"}:
        return _said(one.members, floor) > _said(told, floor)
    return one.members > 0 and told == 0


def _said(members: int, floor: int) -> int:
    return members if members >= floor else min(members, 1)


def fresh(found: Iterable[News], told: Mapping[Key, int], floor: int) -> list[News]:
    """What is news to somebody who was told that before, most people first."""
    news = [one for one in found if is_news(one, told.get(one.key, 0), floor)]
    return sorted(news, key=lambda one: (-one.members, one.about))


def change_of(lesson: Lesson) -> What | None:
    """The change under its learners that an author is told; small ones keep everything as it was."""
    if lesson.status == "retired" or lesson.change == "retire":
        return "retire"
    if lesson.change in {"correct", "replace"} and lesson.rev > 1:
        return "correct" if lesson.change == "correct" else "replace"
    return None
