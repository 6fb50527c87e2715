"""Everything about one person: as a document for them, and erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol


class Privacy(Protocol):
    def found(self, words: str, workspace: str) -> list[tuple[str, str]]:
        """At most two people, gone or not, with exactly this name or this account in a workspace: (id, name)."""
        ...

    def export(self, member: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Every row that names a person, by kind of record."""
        ...

    def erase(self, member: str, stand_in: str, now: datetime) -> int:
        """Erase a person; ``stand_in`` is a fresh id for what others need. Returns how many calls to them are under way."""
        ...

    def is_erased(self, workspace: str, account: str) -> bool:
        """Whether somebody was erased and has not spoken since: no list and no rule may bring them back."""
        ...

    def speaks_again(self, workspace: str, account: str) -> None: ...
