"""Full ids from the slugs that files use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from bot.domain.pack import Lesson, Question, Quiz, Term, Track

Kind = Literal["lesson", "question", "term", "quiz"]

FULL_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*:(?:lesson|question|term|quiz)/[a-z0-9]+(?:-[a-z0-9]+)*")

# Which fields hold references, and what a bare slug in them means.
REFERENCES: dict[type, dict[str, Kind]] = {
    Lesson: {"terms": "term", "prereqs": "lesson", "core_question": "question", "questions": "question"},
    Question: {"concepts": "lesson"},
    Term: {"see": "term", "lessons": "lesson"},
    Quiz: {"questions": "question", "look_up": "term"},
    Track: {"lessons": "lesson"},
}
KINDS: dict[type, Kind] = {Lesson: "lesson", Question: "question", Term: "term", Quiz: "quiz"}


def full(kind: Kind, slug: str, pack: str) -> str:
    """``slug`` -> ``pack:kind/slug``; ``term/slug`` names its own kind; full ids and the empty text stay."""
    if not slug or ":" in slug:
        return slug
    return f"{pack}:{slug}" if "/" in slug else f"{pack}:{kind}/{slug}"


def expanded(shape: type, fields: Mapping[str, Any], pack: str) -> dict[str, Any]:
    """The fields with every reference in full. Values of a wrong type are left for the shape to refuse."""
    kinds: dict[str, Kind] = dict(REFERENCES.get(shape, {}))
    if shape in KINDS:
        kinds["id"] = KINDS[shape]
    return {name: _value(kinds[name], value, pack) if name in kinds else value for name, value in fields.items()}


def _value(kind: Kind, value: Any, pack: str) -> Any:
    if isinstance(value, list):
        return [_value(kind, one, pack) for one in value]
    return full(kind, value, pack) if isinstance(value, str) else value
