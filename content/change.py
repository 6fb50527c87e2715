"""What an edit may not do to a pack that people have already learned from."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from bot.domain.pack import Lesson, Pack, Practice, Question, Quiz, Term
from content.kinds import AnyItem, items
from content.problems import Problem
from content.source import Source

CODES = {
    "E162": "A text changed but its rev was not raised",
    "E163": "An id is gone and moved.yaml does not say where to",
}


def changes(before: Pack, source: Source) -> list[Problem]:
    """Errors of the step from ``before`` (the active pack) to the pack that was just read."""
    return [*_same_rev(before, source), *_gone(before, source)]


def _same_rev(before: Pack, source: Source) -> Iterator[Problem]:
    old = {item.id: item for item in items(before)}
    for item in items(source.pack):
        was = old.get(item.id)
        if was is not None and item.rev <= was.rev and _taught(was) != _taught(item):
            message, suggestion = f"the text changed and rev is still {item.rev}", f"Write `rev: {was.rev + 1}`."
            yield source.place(item.id).problem("E162", item.id, message, suggestion, ("rev",))


def _gone(before: Pack, source: Source) -> Iterator[Problem]:
    for item in items(before):
        if item.id not in source.places and item.id not in source.pack.moved:
            suggestion = "Keep it as `status: retired`, or name its heir in moved.yaml."
            yield source.place("moved.yaml").problem("E163", item.id, f"{item.id} is gone", suggestion)


def _taught(item: AnyItem) -> AnyItem:
    """The item without what may change while the text stays: its rev, its status, who looked after it and when."""
    match item:
        case Lesson():
            return replace(item, rev=0, status="active", reviewed="", owner="", change=None)
        case Term() | Practice():
            return replace(item, rev=0, status="active", reviewed="", owner="")
        case Question() | Quiz():
            return replace(item, rev=0, status="active")
