"""Read a pack folder into a :class:`~content.source.Source`, collecting every problem on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import msgspec

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
    Topic,
    Track,
)
from content.conditions import with_conditions
from content.folder import PACKS, is_base
from content.ids import expanded, full
from content.kinds import KINDS, PARTS
from content.overlay import over
from content.problems import Place, Problem
from content.records import record
from content.shelf import Shelf
from content.source import Accepted, Covers, Facts, Head, Map, Requirements, Source
from content.yaml_reader import Value

MISSING_FILE, NO_BASE, TWICE, NO_COMPARISON = "E105", "E106", "E110", "E170"

Shape = TypeVar("Shape", bound=msgspec.Struct)


def read_pack(folder: Path) -> Source:
    """Read every file of the pack, and of the one it extends. Never raises for what the files hold."""
    reading = _Reading(Shelf(folder))
    source = reading.source()
    if not reading.extends:
        return source
    below = _Reading(Shelf(PACKS / reading.extends)) if is_base(reading.extends) else None
    if below is None or below.extends:
        place = source.place("pack.yaml")
        message = f"there is no pack {reading.extends[:60]!r} that extends none itself"
        problem = place.problem(NO_BASE, "pack.yaml", message, "Write `extends: core`.", ("extends",))
        return msgspec.structs.replace(source, problems=(problem, *source.problems))
    return over(below.source(), source)


class _Reading:
    """One pass over the files of one pack."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._problems = shelf.problems
        self._places: dict[str, Place] = {}
        self._items: dict[type[Item], list[Item]] = {shape: [] for shape in KINDS}
        self._pack_id = ""
        self._head = self._single("pack.yaml", Head) or Head("", "", "")
        self._pack_id = self._head.id

    @property
    def extends(self) -> str:
        return self._head.extends

    def source(self) -> Source:
        if "pack.yaml" not in self._places and all(problem.file != "pack.yaml" for problem in self._problems):
            self._problems.append(Problem(MISSING_FILE, "pack.yaml", 1, "pack", "there is no pack.yaml", "Add it."))
        pack = self._pack()
        accepted = self._single("accepted.yaml", Accepted) or Accepted()
        facts = self._single("facts.yaml", Facts) or Facts(())
        requirements = self._single("requirements.yaml", Requirements) or Requirements(())
        covers = self._single("covers.yaml", Covers) or Covers()
        return Source(
            pack=pack,
            problems=(*self._problems, *self._shelf.strays()),
            places=self._places,
            accepted=accepted.accepted,
            facts=facts.facts,
            requirements=requirements.requirements,
            values=self._head.values,
            notes=self._head.notes,
            covers={id: tuple(full("lesson", one, self._pack_id) for one in by) for id, by in covers.covers.items()},
        )

    def _pack(self) -> Pack:
        outline = self._single("map.yaml", Map) or Map()
        self._folders()
        parts: dict[str, Any] = {PARTS[kind]: tuple(self._items[shape]) for shape, kind in KINDS.items()}
        return Pack(
            id=self._head.id,
            version=self._head.version,
            title=self._head.title,
            language=self._head.language,
            license=self._head.license,
            variables=self._head.variables,
            topics=self._topics(outline),
            tracks=self._tracks(outline),
            confusable=tuple((self._full(one), self._full(other)) for one, other in outline.confusable),
            **parts,
            sources={name: text for name, text in self._table("sources.yaml").items() if text is not None},
            moved={
                self._full(old): None if new is None else self._full(new)
                for old, new in self._table("moved.yaml", or_null=True).items()
            },
        )

    def _topics(self, outline: Map) -> tuple[Topic, ...]:
        place = self._places.get("map.yaml", Place("map.yaml"))
        found = (
            self._entry(Topic, {"id": name, **fields}, place.at("topics", name), f"topic/{name}")
            for name, fields in outline.topics.items()
        )
        return tuple(topic for topic in found if topic)

    def _tracks(self, outline: Map) -> tuple[Track, ...]:
        place = self._places.get("map.yaml", Place("map.yaml"))
        found = (
            self._entry(Track, fields, place.at("tracks", at), f"track/{fields.get('id', at)}")
            for at, fields in enumerate(outline.tracks)
        )
        return tuple(track for track in found if track)

    def _folders(self) -> None:
        readers: dict[tuple[str, str], Callable[[PurePosixPath], None]] = {
            ("lessons", ".md"): lambda path: self._page(path, Lesson, topic=path.parent.name),
            ("questions", ".yaml"): lambda path: self._list(path, Question, "questions", topic=path.stem),
            ("glossary", ".yaml"): lambda path: self._list(path, Term, "terms", topic=path.stem),
            ("quizzes", ".yaml"): lambda path: self._whole(path, Quiz),
            ("scenarios", ".yaml"): lambda path: self._whole(path, Scenario),
            ("checklists", ".yaml"): lambda path: self._whole(path, Checklist),
            ("templates", ".md"): lambda path: self._page(path, Template),
            ("cases", ".md"): lambda path: self._page(path, Case),
            ("kits", ".md"): lambda path: self._page(path, Kit),
            ("surveys.yaml", ".yaml"): lambda path: self._list(path, SurveyItem, "surveys"),
            ("badges.yaml", ".yaml"): lambda path: self._list(path, Badge, "badges"),
        }
        for path in map(PurePosixPath, self._shelf.left):
            if read := readers.get((path.parts[0], path.suffix)):
                read(path)

    def _page(self, path: PurePosixPath, shape: type[Item], **given: str) -> None:
        """A Markdown file whose front matter holds the fields and whose text is the body."""
        if (page := self._shelf.page(str(path))) is not None:
            fields = page.fields.value if isinstance(page.fields.value, dict) else {}
            self._item(shape, {**given, **fields, "body": page.body}, Place(str(path), page.lines))

    def _list(self, path: PurePosixPath, shape: type[Item], key: str, **given: str) -> None:
        """A file whose one key holds a list of items; ``given`` are fields that its name tells."""
        document = self._shelf.document(str(path))
        if document is None:
            return
        place = Place(str(path), document.lines)
        value = document.value if isinstance(document.value, dict) else {}
        entries = value.get(key)
        if not isinstance(entries, list) or len(value) > 1:
            self._shelf.refuse(str(path), 1, f"expected one list under `{key}:` and nothing beside it")
        for at, fields in enumerate(entries if isinstance(entries, list) else ()):
            filled = {**given, **fields} if isinstance(fields, dict) else fields
            self._item(shape, filled, place.at(key, at))

    def _whole(self, path: PurePosixPath, shape: type[Item]) -> None:
        """A YAML file that is one item."""
        if (document := self._shelf.document(str(path))) is not None:
            self._item(shape, document.value, Place(str(path), document.lines))

    def _item(self, shape: type[Item], fields: Value | Mapping[str, Any], place: Place) -> None:
        """Read one item; a broken one keeps its place, so that references to it are not called dead."""
        slug = fields.get("id") if isinstance(fields, dict) else None
        subject = full(KINDS[shape], slug, self._pack_id) if isinstance(slug, str) else place.file
        first = self._places.get(subject)
        if first is not None and isinstance(slug, str):
            message = f"this id is already in {first.file} line {first.line()}"
            self._problems.append(place.problem(TWICE, subject, message, "Choose another slug."))
        elif item := self._entry(shape, fields, place, subject):
            self._items[shape].append(item)

    def _entry(self, shape: type[Shape], fields: Value | Mapping[str, Any], place: Place, subject: str) -> Shape | None:
        self._places.setdefault(subject, place)
        if isinstance(fields, Mapping):
            fields = expanded(shape, fields, self._pack_id)
            if shape is Scenario:
                fields = self._conditions(fields, place, subject)
        value, problems = record(shape, fields, place, subject)
        self._problems.extend(problems)
        return value

    def _conditions(self, fields: Mapping[str, Any], place: Place, subject: str) -> Mapping[str, Any]:
        fields, refused = with_conditions(fields)
        for path, message in refused:
            suggestion = 'Write a state, one of < <= == != >= > and a whole number: "backlog >= 2".'
            self._problems.append(place.problem(NO_COMPARISON, subject, message, suggestion, path))
        return fields

    def _single(self, name: str, shape: type[Shape]) -> Shape | None:
        """A file that is one record; it may be absent."""
        document = self._shelf.document(name)
        return self._entry(shape, document.value, Place(name, document.lines), name) if document else None

    def _table(self, name: str, *, or_null: bool = False) -> dict[str, str | None]:
        """A file that maps names to texts; it may be absent or empty."""
        document = self._shelf.document(name)
        if document is None or document.value is None:
            return {}
        place = self._places[name] = Place(name, document.lines)
        if not isinstance(document.value, dict):
            self._shelf.refuse(name, 1, "expected `name: text` lines")
            return {}
        table: dict[str, str | None] = {}
        for key, text in document.value.items():
            if isinstance(text, str) or (or_null and text is None):
                table[key] = text
            else:
                self._shelf.refuse(name, place.line(key), f"{key}: expected text")
        return table

    def _full(self, slug: str) -> str:
        """Pairs and moves name terms unless they say otherwise."""
        return full("term", slug, self._pack_id)
