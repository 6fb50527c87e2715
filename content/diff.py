"""``content diff``: what an edit changes, of which class it is, and what that means for people who have met it."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Literal

import msgspec

from bot.domain.pack import Change, Lesson, Pack, Question
from content.kinds import AnyItem, items
from content.prose import texts

Class = Literal["added", "gone"] | Change

MEANS: dict[Class, str] = {
    "added": "new; nobody has met it",
    "gone": "history stays; new people do not meet it",
    "typo": "progress is kept",
    "clarify": "progress is kept",
    "correct": "attempts are voided, reviews rebuilt, and those who answered are told once",
    "replace": "whoever is half way finishes the old one",
    "retire": "history stays; new people do not meet it",
}
_TYPO, _CLARIFIED = 0.97, 0.5  # how alike two texts are (difflib's ratio) under which a change is called bigger
_NOT_TEXT = frozenset({"id", "rev", "status", "owner", "reviewed", "review_every", "sources", "change"})
_ENOUGH = 20_000  # characters compared; beyond that the ratio costs more than it tells


class Difference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item that is not as it was. ``declared`` says that the author named the class, or else it was guessed."""

    id: str
    change: Class
    declared: bool
    rev: tuple[int, int]  # before and after; 0 where there is none
    fields: tuple[str, ...]
    means: str


def differences(before: Pack, after: Pack) -> list[Difference]:
    """Every item that changed in what people read, ordered by id. A new review date alone is no change."""
    old, new = ({item.id: item for item in items(pack)} for pack in (before, after))
    found = [_difference(id, old.get(id), new.get(id)) for id in sorted(old.keys() | new.keys())]
    return [one for one in found if one is not None]


def _difference(id: str, was: AnyItem | None, now: AnyItem | None) -> Difference | None:
    if was is None or now is None:
        change: Class = "added" if was is None else "gone"
        rev = (was.rev if was else 0, now.rev if now else 0)
        return Difference(id, change, declared=False, rev=rev, fields=(), means=MEANS[change])
    fields = _changed(was, now)
    retired = now.status == "retired" and was.status != "retired"
    if not fields and not retired:
        return None
    declared = now.change if isinstance(now, Lesson) and now.rev != was.rev else None
    guessed: Change = "retire" if retired else _class(was, now)
    change = declared or guessed
    return Difference(
        id, change, declared=declared is not None, rev=(was.rev, now.rev), fields=fields, means=MEANS[change]
    )


def _changed(was: AnyItem, now: AnyItem) -> tuple[str, ...]:
    old, new = msgspec.structs.asdict(was), msgspec.structs.asdict(now)
    return tuple(name for name in new if name not in _NOT_TEXT and old.get(name) != new[name])


def _class(was: AnyItem, now: AnyItem) -> Change:
    if isinstance(was, Question) and isinstance(now, Question) and _key(was) != _key(now):
        return "correct"
    alike = SequenceMatcher(None, _prose(was), _prose(now), autojunk=False).ratio()
    if alike >= _TYPO:
        return "typo"
    return "clarify" if alike >= _CLARIFIED else "replace"


def _key(question: Question) -> set[str]:
    return {option.id for option in question.options if option.correct}


def _prose(item: AnyItem) -> list[str]:
    return "\n".join(text for _, text in texts(item))[:_ENOUGH].split()
