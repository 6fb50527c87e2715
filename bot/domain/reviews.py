"""Spaced reviews: what the memory of one concept becomes with an answer, and which concepts are due.

The model is FSRS-6 with its default weights, by ``fsrs``; this is the only file that imports it. Days are local dates
of the member: an instant would make a review at 23:50 and one at 00:10 the same day for one and not for the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from fsrs import Card, Scheduler

RETENTION = 0.88  # the share of reviews that should succeed; why, and the order below: docs/decisions/0012
LEAST_RETENTION, MOST_RETENTION = 0.80, 0.95  # what a company may choose instead
LONGEST = 180  # days between two reviews
A_DAY = 2  # reviews in one sitting
LEECH = 4  # misses after which a concept is taken out and its author is told
LEARNED_STABILITY = 120.0  # days
LEARNED_PASSES = 2

State = Literal["active", "learned", "dropped"]


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about one member's memory of one concept; ``stability`` is in days, as FSRS means it."""

    concept: str
    stability: float
    difficulty: float
    due: date
    reviewed: date
    rev: int  # of the question last answered; a later one revives a concept that had left the reviews
    question: str
    misses: int = 0
    passes: int = 0  # spaced ones in a row
    state: State = "active"

    def recall(self, day: date) -> float:
        """The probability that the concept is recalled on ``day``."""
        return _scheduler().get_card_retrievability(_card(self), _noon(day))


def answered(
    before: Memory | None, concept: str, question: str, rev: int, right: bool, day: date, retention: float = RETENTION
) -> Memory:
    """The memory after an answer: wrong or "don't know" is Again, right is Good; there is nothing between."""
    from fsrs import Card, Rating

    card = _card(before) if before is not None else Card(card_id=1, due=_noon(day))
    after, _log = _scheduler(retention).review_card(card, Rating.Good if right else Rating.Again, _noon(day))
    if after.stability is None or after.difficulty is None:
        raise RuntimeError("a card that was reviewed has a memory")
    spaced = before is not None and before.reviewed < day
    passes = ((before.passes if before else 0) + spaced) if right else 0
    misses = (before.misses if before else 0) + (not right)
    return Memory(
        concept=concept,
        stability=after.stability,
        difficulty=after.difficulty,
        due=after.due.date(),
        reviewed=day,
        rev=rev,
        question=question,
        misses=misses,
        passes=passes,
        state=_state(after.stability, passes, misses),
    )


def _state(stability: float, passes: int, misses: int) -> State:
    if misses >= LEECH:
        return "dropped"
    return "learned" if passes >= LEARNED_PASSES and stability > LEARNED_STABILITY else "active"


def joins(right: bool, is_core: bool, is_known: bool) -> bool:
    """Whether an answer changes the reviews: wrong always, right for a core question or a concept under review."""
    return not right or is_core or is_known


def due(memories: Iterable[Memory], day: date, marked: Collection[str]) -> list[Memory]:
    """The concepts that are due: those marked to stay before those only missed, and what has waited longest first.

    Where more is due than a sitting holds, the most nearly forgotten first would spend it on what is lost anyway.
    """
    waiting = [one for one in memories if one.state == "active" and one.due <= day]
    return sorted(waiting, key=lambda one: (one.concept not in marked, one.due, one.concept))


def sister(questions: Sequence[str], last: str) -> str:
    """The question after ``last`` in the circle, so that a review teaches the idea and not the wording."""
    at = questions.index(last) if last in questions else -1
    return questions[(at + 1) % len(questions)]


def revived(one: Memory, rev: int, day: date) -> Memory:
    """A concept that had left the reviews is asked again once its question has changed."""
    if one.state == "active" or rev <= one.rev:
        return one
    return msgspec.structs.replace(one, state="active", misses=0, due=day, rev=rev)


@lru_cache(maxsize=32)
def _scheduler(retention: float = RETENTION) -> Scheduler:
    from fsrs import Scheduler

    return Scheduler(
        learning_steps=(),
        relearning_steps=(),
        desired_retention=retention,
        maximum_interval=LONGEST,
        enable_fuzzing=False,
    )


def _card(one: Memory) -> Card:
    from fsrs import Card, State

    return Card(
        card_id=1,  # without an id a card waits a millisecond for one
        state=State.Review,
        stability=one.stability,
        difficulty=one.difficulty,
        due=_noon(one.due),
        last_review=_noon(one.reviewed),
    )


def _noon(day: date) -> datetime:
    """Elapsed time counts whole blocks of 24 hours, so every date becomes one hour of it."""
    return datetime.combine(day, time(12), UTC)
