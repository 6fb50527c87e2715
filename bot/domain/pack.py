"""What a pack teaches, as values: lessons, questions, terms, quizzes and the learning map.

Every id is ``pack:kind/slug`` and is never reused. Text fields hold our Markdown subset
(see :mod:`bot.markdown`). A compiled :class:`Pack` is plain data: it round-trips through JSON.
"""

from __future__ import annotations

from typing import Literal

import msgspec

RoleId = Literal["ds", "mle", "swe", "ops", "pm", "des", "exec", "gov"]
Level = Literal[1, 2, 3]
Status = Literal["draft", "beta", "active", "deprecated", "retired"]
Change = Literal["typo", "clarify", "correct", "replace", "retire"]
QuestionType = Literal["single", "multi", "order", "number", "text", "boolean"]

ROLES: dict[RoleId, str] = {
    "ds": "Data scientist",
    "mle": "ML engineer",
    "swe": "Software engineer",
    "ops": "Operations / SRE",
    "pm": "Product manager",
    "des": "Designer or marketer",
    "exec": "Executive",
    "gov": "Governance or legal",
}


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The part every piece of content shares."""

    id: str
    rev: int
    status: Status = "active"
    sources: tuple[str, ...] = ()


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
    owner: str
    reviewed: str
    review_every: int = 180


class Quiz(Item, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ready-made weekly quiz."""

    theme: str
    topic: str
    questions: tuple[str, ...]
    look_up: str = ""  # the term to read when it is over


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A topic of the learning map and how many lessons are planned for it."""

    id: str
    name: str
    planned: int = 0


class Track(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An ordered list of lessons for one role (or for everyone)."""

    id: str
    name: str
    lessons: tuple[str, ...]
    role: RoleId | None = None
    pace: int = 5  # lessons a week
    summary: str = ""


class Variable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A company's own word or figure that content may use as ``{{ name }}``."""

    name: str
    default: str
    help: str
    type: Literal["text", "number", "link", "channel"] = "text"


class Pack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A compiled pack: everything checked, every reference alive."""

    id: str
    version: str
    title: str
    language: str = "en"
    license: str = ""
    variables: tuple[Variable, ...] = ()
    topics: tuple[Topic, ...] = ()
    tracks: tuple[Track, ...] = ()
    confusable: tuple[tuple[str, str], ...] = ()  # pairs of terms taught close together
    lessons: tuple[Lesson, ...] = ()
    questions: tuple[Question, ...] = ()
    terms: tuple[Term, ...] = ()
    quizzes: tuple[Quiz, ...] = ()
    sources: dict[str, str] = {}  # source id -> citation
    moved: dict[str, str | None] = {}  # old id -> new id, or null when retired
