"""What a pack teaches, as values: lessons, questions, terms, quizzes, what people practise with, and the learning map.

Every id is ``pack:kind/slug`` and is never reused. Text fields hold our Markdown subset
(see :mod:`bot.markdown`). A compiled :class:`Pack` is plain data: it round-trips through JSON.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from bot.domain.pack.item import ROLES, Change, Item, Level, QuestionType, RoleId, Status
from bot.domain.pack.practice import (
    Badge,
    Case,
    Checklist,
    Condition,
    Kit,
    Node,
    Practice,
    Scenario,
    SurveyItem,
    Template,
)
from bot.domain.pack.taught import Lesson, Option, Question, Quiz, Term

__all__ = [
    "ROLES",
    "Badge",
    "Case",
    "Change",
    "Checklist",
    "Condition",
    "Item",
    "Kit",
    "Lesson",
    "Level",
    "Node",
    "Option",
    "Pack",
    "Practice",
    "Question",
    "QuestionType",
    "Quiz",
    "RoleId",
    "Scenario",
    "Status",
    "SurveyItem",
    "Template",
    "Term",
    "Topic",
    "Track",
    "Variable",
]


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
    scenarios: tuple[Scenario, ...] = ()
    checklists: tuple[Checklist, ...] = ()
    templates: tuple[Template, ...] = ()
    cases: tuple[Case, ...] = ()
    kits: tuple[Kit, ...] = ()
    surveys: tuple[SurveyItem, ...] = ()
    badges: tuple[Badge, ...] = ()
    sources: dict[str, str] = {}  # source id -> citation
    moved: dict[str, str | None] = {}  # old id -> new id, or null when retired
