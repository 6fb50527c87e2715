"""Who is who, from memory: the snapshot for answers that need no store."""

from __future__ import annotations

from typing import Protocol

from bot.domain.people import Actor


class Accounts(Protocol):
    """The per-tenant snapshot for answers that need no store; at most ten seconds old."""

    def tenant(self, workspace: str) -> str:
        """The tenant a workspace belongs to. Raises ``KeyError`` for a workspace we do not serve."""
        ...

    def recall(self, workspace: str, account: str) -> Actor | None:
        """The actor if a fresh one is in memory."""
        ...

    def remember(self, workspace: str, account: str, actor: Actor) -> None: ...

    def forget(self, workspace: str, account: str) -> None: ...
