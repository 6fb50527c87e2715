"""``content stats``: how much of the learning map is written, per topic and per role."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from bot.domain.pack import ROLES, Lesson, Pack, Question, Quiz, RoleId, Term
from content.source import Requirement


class TopicCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the map; ``required`` counts what the programme asks of this topic."""

    topic: str
    planned: int
    lessons: int
    levels: tuple[int, int, int]
    questions: int
    core_questions: int
    terms: int
    quizzes: int
    required: int = 0


class RoleCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one role gets: lessons open to it, lessons in its tracks, reasons written in its words, terms marked for it."""

    role: RoleId
    lessons: int
    in_tracks: int
    reasons: int
    terms: int


def by_topic(pack: Pack, requirements: Iterable[Requirement] = ()) -> list[TopicCount]:
    """A count for every topic, in the order of the map."""
    required = Counter(one.topic for one in requirements)
    lessons, terms = _by_topic(pack.lessons), _by_topic(pack.terms)
    questions, quizzes = _by_topic(pack.questions), _by_topic(pack.quizzes)
    core = _by_topic(question for question in pack.questions if question.core)
    levels = Counter((lesson.topic, lesson.level) for lesson in pack.lessons)
    return [
        TopicCount(
            topic=topic.id,
            planned=topic.planned,
            lessons=lessons[topic.id],
            levels=(levels[topic.id, 1], levels[topic.id, 2], levels[topic.id, 3]),
            questions=questions[topic.id],
            core_questions=core[topic.id],
            terms=terms[topic.id],
            quizzes=quizzes[topic.id],
            required=required[topic.id],
        )
        for topic in pack.topics
    ]


def by_role(pack: Pack) -> list[RoleCount]:
    """A count for every role."""
    return [
        RoleCount(
            role=role,
            lessons=sum(_is_for(lesson, role) for lesson in pack.lessons),
            in_tracks=len({lesson for track in pack.tracks if track.role == role for lesson in track.lessons}),
            reasons=sum(role in lesson.why for lesson in pack.lessons),
            terms=sum(bool({"all", role} & set(term.audience)) for term in pack.terms),
        )
        for role in ROLES
    ]


def _is_for(lesson: Lesson, role: RoleId) -> bool:
    return not lesson.roles or role in lesson.roles


def _by_topic(items: Iterable[Lesson | Question | Term | Quiz]) -> Counter[str]:
    return Counter(item.topic for item in items)
