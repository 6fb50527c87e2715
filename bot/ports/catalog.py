"""What the core asks of the compiled pack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from bot.domain.pack import (
    Badge,
    Case,
    Checklist,
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
from bot.ports.glossary import OwnTerm

HitKind = Literal["lesson", "term", "question", "quiz", "scenario", "checklist", "template", "case", "kit"]


class Found(msgspec.Struct, frozen=True):
    """The outcome of a look-up: one term, or at most three near ones, or text hits, or nothing."""

    how: Literal["exact", "near", "text", "none"]
    terms: tuple[Term, ...] = ()


class Hit(msgspec.Struct, frozen=True):
    """One result of a search over the whole pack."""

    kind: HitKind
    id: str
    title: str
    excerpt: str


class Catalog(Protocol):
    """One version of a compiled pack, with its indexes. Immutable; every method is a pure look-up."""

    @property
    def pack(self) -> Pack: ...

    @property
    def version(self) -> str:
        """The sha256 of the compiled pack: what deliveries and askings store."""
        ...

    @property
    def lessons(self) -> Mapping[str, Lesson]: ...

    @property
    def questions(self) -> Mapping[str, Question]: ...

    @property
    def terms(self) -> Mapping[str, Term]: ...

    @property
    def tracks(self) -> Mapping[str, Track]: ...

    @property
    def topics(self) -> Mapping[str, Topic]: ...

    @property
    def quizzes(self) -> Sequence[Quiz]: ...

    @property
    def scenarios(self) -> Mapping[str, Scenario]: ...

    @property
    def checklists(self) -> Mapping[str, Checklist]: ...

    @property
    def templates(self) -> Mapping[str, Template]: ...

    @property
    def cases(self) -> Mapping[str, Case]: ...

    @property
    def kits(self) -> Mapping[str, Kit]: ...

    @property
    def surveys(self) -> Mapping[str, SurveyItem]: ...

    @property
    def badges(self) -> Mapping[str, Badge]: ...

    def define(self, words: str) -> Found:
        """Exact, alias, acronym, plural and case first; then a typo (at most three); then full text."""
        ...

    def search(self, words: str, limit: int = 8) -> Sequence[Hit]:
        """Full text over everything that is taught or practised, best first."""
        ...


class OwnEntries(Protocol):
    """A company's own glossary entries, in memory. Immutable; every method is a pure look-up."""

    @property
    def entries(self) -> Mapping[str, OwnTerm]: ...

    def define(self, words: str) -> tuple[str, Sequence[OwnTerm]]:
        """How it was found, in the words of :class:`Found`, and the entries, best first."""
        ...

    def search(self, words: str, limit: int) -> Sequence[OwnTerm]:
        """Full text, best first."""
        ...


class Catalogs(Protocol):
    """Every version of the pack that is still in use; the active one answers new questions."""

    def own(self, tenant: str) -> OwnEntries | None:
        """The entries of this company's own; None when they have just changed and must be read from the store."""
        ...

    def keep_own(self, tenant: str, revision: int, entries: Sequence[OwnTerm]) -> OwnEntries:
        """Keep what was read of the store in memory."""
        ...

    def active(self) -> Catalog: ...

    def at(self, version: str) -> Catalog:
        """The pack as it was at ``version``; loads it from the store when it is not in memory."""
        ...
