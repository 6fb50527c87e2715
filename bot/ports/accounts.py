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

    def has_met(self, workspace: str, account: str, direct: str) -> bool:
        """Whether somebody was met in this process's life, however long ago, and in this direct conversation.

        Then a read will find them, and no address is to be written down. ``direct`` is '' elsewhere.
        """
        ...

    def met(self, workspace: str, account: str, direct: str) -> None:
        """Somebody was met in a write; what was in memory may not be true any more."""
        ...

    def remember(self, workspace: str, account: str, actor: Actor) -> None: ...

    def forget(self, workspace: str, account: str) -> None:
        """What is in memory is not true any more."""
        ...
