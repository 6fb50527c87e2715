"""What is learned alone: lessons with their questions, glossary terms, ready-made quizzes."""

from __future__ import annotations

from typing import Literal

import msgspec

from bot.domain.pack.item import Change, Item, Level, QuestionType, RoleId


class Lesson(Item, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One idea in 90-160 words, with a question that checks it."""

    title: str
    topic: str
    level: Level
    objective: str
    body: str
    roles: tuple[RoleId, ...] = ()  # empty: for everybody
    also: tuple[str, ...] = ()  # further topics it touches
    terms: tuple[str, ...] = ()
    prereqs: tuple[str, ...] = ()
    core_question: str
    questions: tuple[str, ...] = ()  # sister questions, the core question not among them
    try_today: str
    why: dict[str, str]  # role id or "default" -> one or two sentences
    owner: str
    reviewed: str  # ISO date of the last review
    review_every: int = 365  # days
    change: Change | None = None


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One possible answer; ``id`` is a stable letter, ``why`` is the feedback for picking it."""

    id: str
    text: str
    why: str
    correct: bool = False


class Question(Item, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new case that asks for the idea, not for the lesson's wording. The right option comes first in the file."""

    stem: str
    options: tuple[Option, ...]
    topic: str = ""  # filled in from the file's name
    type: QuestionType = "single"
    hint: str = ""
    concepts: tuple[str, ...] = ()  # the lesson or term ids it examines
    difficulty: Literal[1, 2, 3] = 1
    bloom: Literal["remember", "understand", "apply", "analyse", "evaluate"] = "apply"
    roles: tuple[RoleId, ...] = ()
    core: bool = False  # reviewed with spacing
    shuffle: bool = True

    @property
    def right(self) -> Option:
        return next(option for option in self.options if option.correct)


class Term(Item, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A glossary entry at three depths."""

    term: str
    aliases: tuple[str, ...] = ()
    topic: str = ""
    audience: tuple[str, ...] = ("all",)
    level: Level = 1
    short: str  # at most 140 characters
    plain: str  # for somebody outside the field
    precise: str  # for somebody who will build it
    example: str = ""
    not_this: str = ""
    formula: str = ""
    see: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()
    note: str = ""  # a company's own words about it, from its overlay
    owner: str
    reviewed: str
    review_every: int = 180


class Quiz(Item, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ready-made weekly quiz."""

    theme: str
    topic: str
    questions: tuple[str, ...]
    look_up: str = ""  # the term to read when it is over
