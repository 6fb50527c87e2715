"""Which of the programme's requirements the pack teaches, and by what."""

from __future__ import annotations

from typing import Literal

import msgspec

from content.kinds import items, kind_of
from content.source import Requirement, Source

State = Literal["taught", "untaught", "feature", "teaser"]

_TEASER = "teaser"
_FEATURE = "feature"
_KIND_OF = {"glossary": "term"}  # requirements say glossary where ids say term
_GONE = ("draft", "retired")


class Coverage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One requirement: what teaches it, and which of the kinds that were asked for are still missing."""

    id: str
    topic: str
    what: str
    state: State
    by: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def coverage(source: Source) -> list[Coverage]:
    """Every requirement in its order. Drafts and retired items teach nobody."""
    alive = {item.id for item in items(source.pack) if item.status not in _GONE}
    return [
        _covered(one, tuple(id for id in source.covers.get(one.id, ()) if id in alive)) for one in source.requirements
    ]


def share_taught(found: list[Coverage]) -> tuple[int, int]:
    """How many are taught, of how many that content must teach: teasers and features are not among them."""
    wanted = [one for one in found if one.state in {"taught", "untaught"}]
    return sum(one.state == "taught" for one in wanted), len(wanted)


def _covered(requirement: Requirement, by: tuple[str, ...]) -> Coverage:
    kinds = {kind_of(id) for id in by}
    if "lesson" in kinds:
        kinds.add("question")  # every lesson is examined by its own
    wanted = (_KIND_OF.get(kind, kind) for kind in requirement.taught_by if kind != _FEATURE)
    return Coverage(
        id=requirement.id,
        topic=requirement.topic,
        what=requirement.what,
        state=_state(requirement, by),
        by=by,
        missing=tuple(kind for kind in wanted if kind not in kinds) if by else (),
    )


def _state(requirement: Requirement, by: tuple[str, ...]) -> State:
    if requirement.kind.startswith(_TEASER):
        return "teaser"
    if set(requirement.taught_by) == {_FEATURE}:
        return "feature"
    return "taught" if by else "untaught"
