"""Read a pack folder into a :class:`~content.source.Source`, collecting every problem on the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import msgspec

from bot.domain.pack import Item, Lesson, Pack, Question, Quiz, Term, Topic, Track
from content import front_matter, yaml_reader
from content.folder import File, Refused, files
from content.ids import KINDS, expanded, full
from content.problems import Place, Problem
from content.records import record
from content.source import Accepted, Facts, Head, Map, Requirements, Source

UNREADABLE, MISSING_FILE, TWICE, STRAY = "E101", "E105", "E110", "W290"

ItemShape = TypeVar("ItemShape", bound=Item)
Shape = TypeVar("Shape", bound=msgspec.Struct)
Parsed = TypeVar("Parsed", yaml_reader.Document, front_matter.Page)


def read_pack(folder: Path) -> Source:
    """Read every file of the pack. Never raises for what the files hold."""
    reading = _Reading()
    try:
        found = {file.name: file for file in files(folder)}
    except Refused as refusal:
        reading.refuse("pack.yaml", 1, str(refusal))
        found = {}
    return reading.run(found)


class _Reading:
    """One pass over the files of one pack."""

    def __init__(self) -> None:
        self.pack_id = ""
        self.problems: list[Problem] = []
        self.places: dict[str, Place] = {}
        self.items: dict[type[Item], list[Item]] = {Lesson: [], Question: [], Term: [], Quiz: []}
        self._nodes = yaml_reader.NODES_LIMIT
        self._found: dict[str, File] = {}

    def run(self, found: dict[str, File]) -> Source:
        self._found = dict(found)
        head = self._single("pack.yaml", Head) or Head("", "", "")
        self.pack_id = head.id
        if "pack.yaml" not in found:
            self.problems.append(Problem(MISSING_FILE, "pack.yaml", 1, "pack", "there is no pack.yaml", "Add it."))
        outline = self._single("map.yaml", Map) or Map()
        pack = msgspec.structs.replace(
            self._taught(Pack(id=head.id, version=head.version, title=head.title), outline),
            language=head.language,
            license=head.license,
            variables=head.variables,
            sources=self._sources(),
            moved=self._moved(),
        )
        return self._source(pack)

    def _source(self, pack: Pack) -> Source:
        accepted = self._single("accepted.yaml", Accepted) or Accepted()
        facts = self._single("facts.yaml", Facts) or Facts(())
        requirements = self._single("requirements.yaml", Requirements) or Requirements(())
        for name in self._found:
            self.problems.append(
                Problem(STRAY, name, 1, name, "nothing reads this file", "Check the name of its folder.")
            )
        return Source(
            pack=pack,
            problems=tuple(self.problems),
            places=self.places,
            accepted=accepted.accepted,
            facts=facts.facts,
            requirements=requirements.requirements,
        )

    def _taught(self, pack: Pack, outline: Map) -> Pack:
        place = self.places.get("map.yaml", Place("map.yaml"))
        topics = [
            self._entry(Topic, {"id": name, **fields}, place.at("topics", name), f"topic/{name}")
            for name, fields in outline.topics.items()
        ]
        tracks = [
            self._entry(Track, fields, place.at("tracks", at), f"track/{fields.get('id', at)}")
            for at, fields in enumerate(outline.tracks)
        ]
        self._folders()
        return msgspec.structs.replace(
            pack,
            topics=tuple(topic for topic in topics if topic),
            tracks=tuple(track for track in tracks if track),
            confusable=tuple((self._term(one), self._term(other)) for one, other in outline.confusable),
            lessons=self._all(Lesson),
            questions=self._all(Question),
            terms=self._all(Term),
            quizzes=self._all(Quiz),
        )

    def _folders(self) -> None:
        readers: dict[tuple[str, str], Callable[[File], None]] = {
            ("lessons", ".md"): self._lesson,
            ("questions", ".yaml"): lambda file: self._list(file, Question, "questions"),
            ("glossary", ".yaml"): lambda file: self._list(file, Term, "terms"),
            ("quizzes", ".yaml"): self._quiz,
        }
        for name in list(self._found):
            path = PurePosixPath(name)
            if reader := readers.get((path.parts[0], path.suffix)):
                reader(self._found.pop(name))

    def _lesson(self, file: File) -> None:
        page = self._parsed(file, front_matter.split)
        if page is not None:
            fields = page.fields.value if isinstance(page.fields.value, dict) else {}
            self._item(
                Lesson, {"topic": file.path.parent.name, **fields, "body": page.body}, Place(file.name, page.lines)
            )

    def _list(self, file: File, shape: type[Item], key: str) -> None:
        """A file whose one key holds a list of items; their topic is the file's name."""
        document = self._parsed(file, yaml_reader.read)
        if document is None:
            return
        place = Place(file.name, document.lines)
        value = document.value if isinstance(document.value, dict) else {}
        entries = value.get(key)
        if not isinstance(entries, list) or len(value) > 1:
            self.refuse(file.name, 1, f"expected one list under `{key}:` and nothing beside it")
        for at, fields in enumerate(entries if isinstance(entries, list) else ()):
            filled = {"topic": file.path.stem, **fields} if isinstance(fields, dict) else fields
            self._item(shape, filled, place.at(key, at))

    def _quiz(self, file: File) -> None:
        if (document := self._parsed(file, yaml_reader.read)) is not None:
            self._item(Quiz, document.value, Place(file.name, document.lines))

    def _item(self, shape: type[ItemShape], fields: Any, place: Place) -> None:
        """Read one item; its place is kept even when it is broken, so that references to it are not called dead."""
        slug = fields.get("id") if isinstance(fields, dict) else None
        subject = full(KINDS[shape], slug, self.pack_id) if isinstance(slug, str) else place.file
        if subject in self.places and isinstance(slug, str):
            first = self.places[subject]
            message = f"this id is already in {first.file} line {first.line()}"
            self.problems.append(place.problem(TWICE, subject, message, "Choose another slug."))
            return
        self.places[subject] = place
        item = self._entry(shape, fields, place, subject)
        if item is not None:
            self.items[shape].append(item)

    def _entry(self, shape: type[Shape], fields: Any, place: Place, subject: str) -> Shape | None:
        self.places.setdefault(subject, place)
        if isinstance(fields, dict):
            fields = expanded(shape, fields, self.pack_id)
        value, problems = record(shape, fields, place, subject)
        self.problems.extend(problems)
        return value

    def _single(self, name: str, shape: type[Shape]) -> Shape | None:
        """A file that is one record; it may be absent."""
        document = self._parsed(self._found.pop(name), yaml_reader.read) if name in self._found else None
        return self._entry(shape, document.value, Place(name, document.lines), name) if document else None

    def _table(self, name: str, *, or_null: bool = False) -> dict[str, yaml_reader.Value]:
        """A file that maps names to texts; it may be absent or empty."""
        document = self._parsed(self._found.pop(name), yaml_reader.read) if name in self._found else None
        if document is None or document.value is None:
            return {}
        self.places[name] = Place(name, document.lines)
        if not isinstance(document.value, dict):
            self.refuse(name, 1, "expected `name: text` lines")
            return {}
        wrong = {
            key for key, text in document.value.items() if not isinstance(text, str) and not (or_null and text is None)
        }
        for key in wrong:
            self.refuse(name, document.lines[key,], f"{key}: expected text")
        return {key: text for key, text in document.value.items() if key not in wrong}

    def _sources(self) -> dict[str, str]:
        table = self._table("sources.yaml")
        return {name: text for name, text in table.items() if isinstance(text, str)}

    def _moved(self) -> dict[str, str | None]:
        table = self._table("moved.yaml", or_null=True)
        return {self._term(old): self._term(new) if isinstance(new, str) else None for old, new in table.items()}

    def _term(self, slug: str) -> str:
        return full("term", slug, self.pack_id)

    def _all(self, shape: type[ItemShape]) -> tuple[ItemShape, ...]:
        return tuple(item for item in self.items[shape] if isinstance(item, shape))

    def _parsed(self, file: File, parse: Callable[[str, int], Parsed]) -> Parsed | None:
        try:
            parsed = parse(file.text(), self._nodes)
        except Refused as refusal:
            self.refuse(file.name, 1, str(refusal))
        except yaml_reader.Malformed as malformed:
            self.refuse(file.name, malformed.line, malformed.message)
        else:
            self._nodes -= len(parsed.lines)
            return parsed
        return None

    def refuse(self, name: str, line: int, message: str) -> None:
        suggestion = "It is left out until this is put right."
        self.problems.append(Problem(UNREADABLE, name, line, name, message, suggestion))
