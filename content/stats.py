"""``content stats``: how much is written, by kind, by topic and by role, and how well a guesser would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from bot.domain.pack import ROLES, Lesson, Pack, Question, Quiz, RoleId, Term
from content.kinds import PARTS, Kind
from content.source import Requirement

FLOORS: dict[str, int] = {  # what the first release of the core pack must have
    "lesson": 120,
    "question": 360,
    "core question": 60,
    "term": 300,
    "scenario": 8,
    "checklist": 7,
    "template": 12,
    "case": 6,
    "quiz": 12,
    "kit": 3,
    "survey": 8,
    "badge": 6,
}

_GONE = ("draft", "retired")


class KindCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many there are of one kind, drafts and retired ones left out, and the floor."""

    kind: str
    count: int
    floor: int

    @property
    def enough(self) -> bool:
        return self.count >= self.floor


class Guesser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody scores who knows nothing and always takes the longest option (the shortest, for comparison)."""

    questions: int  # single choice with three options
    longest: float  # expected right answers; a tie counts in parts
    shortest: float


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


def by_kind(pack: Pack) -> list[KindCount]:
    """A count for every kind of content, and of the questions that are reviewed."""
    counts: dict[str, int] = {kind: _living(pack, kind) for kind in PARTS}
    counts["core question"] = sum(question.core and question.status not in _GONE for question in pack.questions)
    return [KindCount(kind, counts[kind], floor) for kind, floor in FLOORS.items()]


def guesser(pack: Pack) -> Guesser:
    """Over all single-choice questions with three options."""
    asked = [one for one in pack.questions if one.type == "single" and len(one.options) == 3]
    return Guesser(
        questions=len(asked),
        longest=sum(_luck(question, max) for question in asked),
        shortest=sum(_luck(question, min) for question in asked),
    )


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


def _living(pack: Pack, kind: Kind) -> int:
    return sum(item.status not in _GONE for item in getattr(pack, PARTS[kind]))


def _luck(question: Question, best: Callable[[Iterable[int]], int]) -> float:
    """The chance of being right when one of the longest (or shortest) options is taken at random."""
    length = best(len(option.text) for option in question.options)
    taken = [option for option in question.options if len(option.text) == length]
    return sum(option.correct for option in taken) / len(taken)


def _is_for(lesson: Lesson, role: RoleId) -> bool:
    return not lesson.roles or role in lesson.roles


def _by_topic(items: Iterable[Lesson | Question | Term | Quiz]) -> Counter[str]:
    return Counter(item.topic for item in items)
