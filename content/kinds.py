"""The kinds of content: what each is called, in which part of a pack it lies, and what its fields refer to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Literal, get_args

from bot.domain.pack import (
    Badge,
    Case,
    Checklist,
    Item,
    Kit,
    Lesson,
    Pack,
    Question,
    Quiz,
    Scenario,
    SurveyItem,
    Template,
    Term,
    Track,
)

Kind = Literal[
    "lesson",
    "question",
    "term",
    "quiz",
    "scenario",
    "checklist",
    "template",
    "case",
    "kit",
    "survey",
    "badge",
]
AnyItem = Lesson | Question | Term | Quiz | Scenario | Checklist | Template | Case | Kit | SurveyItem | Badge

KINDS: dict[type[Item], Kind] = {
    Lesson: "lesson",
    Question: "question",
    Term: "term",
    Quiz: "quiz",
    Scenario: "scenario",
    Checklist: "checklist",
    Template: "template",
    Case: "case",
    Kit: "kit",
    SurveyItem: "survey",
    Badge: "badge",
}
# The field of a pack that holds the items of a kind.
PARTS: dict[Kind, str] = {
    "lesson": "lessons",
    "question": "questions",
    "term": "terms",
    "quiz": "quizzes",
    "scenario": "scenarios",
    "checklist": "checklists",
    "template": "templates",
    "case": "cases",
    "kit": "kits",
    "survey": "surveys",
    "badge": "badges",
}
# Which fields hold references, and what a bare slug in them means; a dot leads inside.
REFERENCES: dict[type, dict[str, Kind]] = {
    Lesson: {"terms": "term", "prereqs": "lesson", "core_question": "question", "questions": "question"},
    Question: {"concepts": "lesson"},
    Term: {"see": "term", "lessons": "lesson"},
    Quiz: {"questions": "question", "look_up": "term"},
    Track: {"lessons": "lesson"},
    Scenario: {"debrief.produce": "template"},
    Case: {"terms": "term", "lessons": "lesson"},
    Badge: {"template": "template"},
}


def items(pack: Pack) -> Iterator[AnyItem]:
    """Everything in a pack that has an id and a rev, kind by kind."""
    return chain[AnyItem](
        pack.lessons,
        pack.questions,
        pack.terms,
        pack.quizzes,
        pack.scenarios,
        pack.checklists,
        pack.templates,
        pack.cases,
        pack.kits,
        pack.surveys,
        pack.badges,
    )


def kind_of(id: str) -> str:
    """The kind that a full id names."""
    return id.partition(":")[2].partition("/")[0]


assert set(KINDS.values()) == set(get_args(Kind)) == set(PARTS)
