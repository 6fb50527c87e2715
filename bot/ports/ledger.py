"""The ledger as features see it: plan a message, take it back, ask what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.deliveries import Delivery, Key, Outgoing


class Ledger(Protocol):
    def put(self, outgoing: Sequence[Outgoing], now: datetime) -> int:
        """Plan deliveries; one whose key exists is left alone. Returns how many rows are new."""
        ...

    def put_latest(self, outgoing: Outgoing, now: datetime) -> bool:
        """Plan an update unless one with the same kind and subject is still ready: updates coalesce.

        ``period`` is a prefix; a revision number is added. Returns whether a row was written.
        """
        ...

    def get(self, delivery: int) -> Delivery | None: ...

    def find(self, key: Key) -> Delivery | None: ...

    def arrived(self, delivery: int, workspace: str, message: str, now: datetime) -> Delivery | None:
        """Settle a called delivery whose message turned up; None when its outcome was known, or it is another lane's."""
        ...

    def skip(
        self, reason: str, *, kind: str | None = None, subject: str | None = None, member: str | None = None
    ) -> int:
        """End open, unsent rows as ``skipped(reason)`` and give their budget back. Returns how many."""
        ...

    def sent_to(self, member: str, kinds: Sequence[str], limit: int = 20) -> list[Delivery]:
        """The latest messages of these kinds that reached a member, newest first."""
        ...
