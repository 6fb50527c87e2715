"""Which lesson comes next, and in which order a question shows its options."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from bot.domain.pack import Lesson, Question

T = TypeVar("T")
LETTERS = "ABCD"


def next_lesson(track: Sequence[str], done: Collection[str], shown: Mapping[str, int]) -> str | None:
    """The next lesson of a track: first what was never shown, in order; then what was shown and not finished.

    So nobody sees one lesson twice in a row for not having answered it, and nothing unanswered is lost.
    """
    waiting = [one for one in track if one not in done]
    return min(waiting, key=lambda one: shown.get(one, 0), default=None)


def shuffled(items: Sequence[T], seed: str) -> tuple[T, ...]:
    """A fixed order for a seed: the same for every reader of one asking, different between askings."""
    ranks = {at: hashlib.sha256(f"{seed}/{at}".encode()).digest() for at in range(len(items))}
    return tuple(items[at] for at in sorted(ranks, key=ranks.__getitem__))


def reason_to_care(lesson: Lesson, roles: Sequence[str]) -> str:
    """*Why it matters to you* in the words of the first of these roles that the lesson has words for."""
    own = next((role for role in roles if role in lesson.why), "default")
    return lesson.why.get(own, "")


def concept_of(question: Question, lessons: Mapping[str, Lesson]) -> str | None:
    """The lesson whose idea a question asks for: what reviews schedule."""
    named = next((one for one in question.concepts if one in lessons), None)
    return named or next((id for id, one in lessons.items() if question.id in questions_of(one)), None)


def corrected(lessons: Mapping[str, Lesson], questions: Mapping[str, Question]) -> dict[str, int]:
    """Questions whose key was wrong, with the revision from which on it is right."""
    changed = (id for one in lessons.values() if one.change == "correct" for id in questions_of(one))
    return {id: questions[id].rev for id in changed if id in questions}


def questions_of(lesson: Lesson) -> tuple[str, ...]:
    """The questions of one concept: the core question and its sisters."""
    return (lesson.core_question, *lesson.questions)
