"""A company's pack over the one it extends: its words, its notes, its own versions of items, and items of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from bot.domain.pack import Pack, Term, Topic, Track, Variable
from content.ids import full
from content.kinds import PARTS, REFERENCES
from content.problems import Place
from content.source import Acceptance, Source

Shape = TypeVar("Shape", bound=msgspec.Struct)


def over(base: Source, top: Source) -> Source:
    """One source of both: what ``top`` has under an id of ``base`` takes its place, everything else comes after."""
    aim = _aim(base, top)
    notes = {aim(full("term", slug, top.pack.id)): note for slug, note in top.notes.items()}
    return replace(
        top,
        pack=_pack(base.pack, _aimed(top.pack, aim), top.values, notes),
        problems=(*(replace(one, file=f"{base.pack.id}/{one.file}") for one in base.problems), *top.problems),
        places={id: _moved(place, base.pack.id) for id, place in base.places.items()} | dict(top.places),
        inherited=tuple(_whole(one, base) for one in base.accepted),
        facts=base.facts + top.facts,
        requirements=base.requirements + top.requirements,
        covers={**base.covers, **{id: tuple(map(aim, by)) for id, by in top.covers.items()}},
        notes=notes,
        base=base.pack,
    )


def _aim(base: Source, top: Source) -> Callable[[str], str]:
    """Where a reference of the overlay leads: to its own item, or else to the one of that name below."""

    def aim(id: str) -> str:
        below = f"{base.pack.id}:{id.partition(':')[2]}"
        return below if id not in top.places and below in base.places else id

    return aim


def _aimed(pack: Pack, aim: Callable[[str], str]) -> Pack:
    parts: dict[str, Any] = {
        part: tuple(_with_references(item, aim) for item in getattr(pack, part)) for part in PARTS.values()
    }
    return replace(
        pack,
        **parts,
        tracks=tuple(_with_references(track, aim) for track in pack.tracks),
        confusable=tuple((aim(one), aim(other)) for one, other in pack.confusable),
        moved={old: None if new is None else aim(new) for old, new in pack.moved.items()},
    )


def _with_references(item: Shape, aim: Callable[[str], str]) -> Shape:
    for field in REFERENCES.get(type(item), {}):
        item = _changed(item, field.split("."), aim)
    return item


def _changed(value: Any, path: list[str], aim: Callable[[str], str]) -> Any:
    name, *inside = path
    inner = getattr(value, name)
    if inside:
        new = _changed(inner, inside, aim)
    else:
        new = aim(inner) if isinstance(inner, str) else tuple(map(aim, inner))
    return replace(value, **{name: new})


def _pack(base: Pack, top: Pack, values: Mapping[str, str], notes: Mapping[str, str]) -> Pack:
    parts: dict[str, Any] = {
        part: _merged(getattr(base, part), getattr(top, part), attrgetter("id")) for part in PARTS.values()
    }
    parts["terms"] = tuple(_noted(term, notes) for term in parts["terms"])
    variables: tuple[Variable, ...] = _merged(base.variables, top.variables, attrgetter("name"))
    topics: tuple[Topic, ...] = _merged(base.topics, top.topics, attrgetter("id"))
    tracks: tuple[Track, ...] = _merged(base.tracks, top.tracks, attrgetter("id"))
    return replace(
        top,
        **parts,
        variables=tuple(replace(one, default=values.get(one.name) or one.default) for one in variables),
        topics=topics,
        tracks=tracks,
        confusable=(*base.confusable, *top.confusable),
        sources={**base.sources, **top.sources},
        moved={**base.moved, **top.moved},
    )


def _merged(below: Iterable[Shape], above: Iterable[Shape], name: Callable[[Shape], str]) -> tuple[Shape, ...]:
    return tuple(({name(one): one for one in below} | {name(one): one for one in above}).values())


def _noted(term: Term, notes: Mapping[str, str]) -> Term:
    return replace(term, note=notes[term.id]) if term.id in notes else term


def _moved(place: Place, pack: str) -> Place:
    return replace(place, file=f"{pack}/{place.file}")


def _whole(one: Acceptance, source: Source) -> Acceptance:
    return one if one.id in source.places else replace(one, id=f"{source.pack.id}:{one.id}")
