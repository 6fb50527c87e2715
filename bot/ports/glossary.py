"""What the glossary asks of the store: counts without names, and what people could not find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec


class Miss(msgspec.Struct, frozen=True):
    """Words nobody could define, and how often they were asked for."""

    words: str
    asked: int
    last: datetime


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A term somebody proposed, as long as no editor has decided."""

    id: str
    term: str
    meaning: str
    member: str


class OwnTerm(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the company's own, beside those of the pack. ``short`` is one line, ``plain`` may be empty."""

    id: str
    term: str
    short: str
    plain: str = ""
    rev: int = 0


class Revision(msgspec.Struct, frozen=True):
    """What an entry was once, and who made it that."""

    entry: OwnTerm
    editor: str
    at: datetime


class Glossary(Protocol):
    def add_uses(self, uses: Mapping[str, int]) -> None: ...

    def add_misses(self, misses: Mapping[str, int], now: datetime) -> None: ...

    def uses(self) -> Mapping[str, int]: ...

    def misses(self, limit: int = 20) -> Sequence[Miss]:
        """Most asked first."""
        ...

    def waiting(self) -> tuple[int, Suggestion | None]:
        """How many suggestions wait for an editor, and the oldest."""
        ...

    def suggestion(self, id: str) -> Suggestion | None:
        """One that waits."""
        ...

    def decide(self, id: str, state: str, now: datetime) -> bool:
        """Approve or refuse; False when an editor has decided before."""
        ...

    def own(self, id: str) -> OwnTerm | None: ...

    def entries(self) -> tuple[int, Sequence[OwnTerm]]:
        """All entries of the company's own, and the revision of them together, which every change raises."""
        ...

    def keep_own(self, entry: OwnTerm, editor: str, now: datetime) -> int:
        """Write an entry of the company's own as its next revision. Returns the number of that."""
        ...

    def revisions(self, id: str) -> Sequence[Revision]:
        """Everything an entry ever was, newest first."""
        ...

    def suggest(self, id: str, term: str, meaning: str, member: str, now: datetime) -> None: ...

    def suggested_by(self, member: str) -> int:
        """How many suggestions of this member are stored."""
        ...
