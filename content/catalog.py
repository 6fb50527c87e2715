"""One version of a compiled pack with its indexes: what the core asks for everything that is taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Literal, TypeVar, cast

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
from bot.markdown import blocks
from bot.messages import Code, clip, plain
from bot.ports.catalog import Found, Hit
from content.search import FullText, Glossary, practice_texts, term_texts
from content.variables import filled

EXCERPT_LIMIT = 160
_HIDDEN = ("draft", "retired")  # kept for those who met them, never found by search

AnyItem = TypeVar("AnyItem", bound=Item)


class CompiledCatalog:
    """Implements ``bot.ports.catalog.Catalog``. ``values`` are a company's words for the declared variables.

    The indexes of search are built when first asked; :meth:`warm` does it ahead of the first person.
    """

    def __init__(self, pack: Pack, version: str, values: Mapping[str, str] | None = None) -> None:
        self.pack = filled(pack, values or {})
        self.version = version
        self.lessons: Mapping[str, Lesson] = _by_id(self.pack.lessons)
        self.questions: Mapping[str, Question] = _by_id(self.pack.questions)
        self.terms: Mapping[str, Term] = _by_id(self.pack.terms)
        self.tracks: Mapping[str, Track] = MappingProxyType({track.id: track for track in self.pack.tracks})
        self.topics: Mapping[str, Topic] = MappingProxyType({topic.id: topic for topic in self.pack.topics})
        self.quizzes: Sequence[Quiz] = self.pack.quizzes
        self.scenarios: Mapping[str, Scenario] = _by_id(self.pack.scenarios)
        self.checklists: Mapping[str, Checklist] = _by_id(self.pack.checklists)
        self.templates: Mapping[str, Template] = _by_id(self.pack.templates)
        self.cases: Mapping[str, Case] = _by_id(self.pack.cases)
        self.kits: Mapping[str, Kit] = _by_id(self.pack.kits)
        self.surveys: Mapping[str, SurveyItem] = _by_id(self.pack.surveys)
        self.badges: Mapping[str, Badge] = _by_id(self.pack.badges)

    def define(self, words: str) -> Found:
        """Exact, alias, acronym, plural and case first; then a typo (at most three); then full text."""
        how, ids = self._glossary.find(words)
        return Found(cast("Literal['exact', 'near', 'text', 'none']", how), tuple(self.terms[one] for one in ids))

    def search(self, words: str, limit: int = 8) -> Sequence[Hit]:
        """Full text over everything that is taught or practised, best first."""
        return [self._hits[key] for key in self._text.best(words, limit)]

    def warm(self) -> None:
        """Build the indexes now (some 50 ms for a full pack), for instance on a thread at start."""
        self.define("")
        self.search("")

    @cached_property
    def _glossary(self) -> Glossary:
        return Glossary({term.id: term for term in _shown(self.pack.terms)}, self._text)

    @cached_property
    def _text(self) -> FullText:
        terms = ((term.id, term_texts(term)) for term in _shown(self.pack.terms))
        lessons = ((one.id, [(3, one.title), (2, one.objective), (1, one.body)]) for one in _shown(self.pack.lessons))
        quizzes = ((quiz.id, [(3, quiz.theme)]) for quiz in _shown(self.pack.quizzes))
        practice = ((one.id, practice_texts(one)) for one in _shown(self._findable()))
        return FullText((*terms, *lessons, *quizzes, *practice))

    def _findable(self) -> list[Scenario | Checklist | Template | Case | Kit]:
        """What people practise with and may look for; survey items and badges reach them in their own time."""
        pack = self.pack
        return [*pack.scenarios, *pack.checklists, *pack.templates, *pack.cases, *pack.kits]

    @cached_property
    def _hits(self) -> dict[str, Hit]:
        hits = [Hit("term", term.id, term.term, clip(term.short, EXCERPT_LIMIT)) for term in self.pack.terms]
        hits += [Hit("lesson", one.id, one.title, _excerpt(one.body)) for one in self.pack.lessons]
        hits += [Hit("quiz", quiz.id, quiz.theme, self._topic_name(quiz.topic)) for quiz in self.pack.quizzes]
        hits += [_practice_hit(one) for one in self._findable()]
        return {hit.id: hit for hit in hits}

    def _topic_name(self, topic: str) -> str:
        return self.topics[topic].name if topic in self.topics else topic


def _by_id(items: Sequence[AnyItem]) -> Mapping[str, AnyItem]:
    return MappingProxyType({item.id: item for item in items})


def _shown(items: Sequence[AnyItem]) -> list[AnyItem]:
    return [item for item in items if item.status not in _HIDDEN]


def _practice_hit(item: Scenario | Checklist | Template | Case | Kit) -> Hit:
    match item:
        case Scenario():
            return Hit("scenario", item.id, item.title, clip("; ".join(item.objectives), EXCERPT_LIMIT))
        case Checklist():
            return Hit("checklist", item.id, item.title, clip(item.when, EXCERPT_LIMIT))
        case Template():
            return Hit("template", item.id, item.title, clip(item.purpose, EXCERPT_LIMIT))
        case Case():
            return Hit("case", item.id, item.title, _excerpt(next((text for _, text in item.scenes), "")))
        case Kit():
            return Hit("kit", item.id, item.title, clip(item.audience, EXCERPT_LIMIT))


def _excerpt(body: str) -> str:
    first = next(iter(blocks(body)), None)
    words = "" if first is None else first.text if isinstance(first, Code) else plain(first.spans)
    return clip(" ".join(words.split()), EXCERPT_LIMIT)
