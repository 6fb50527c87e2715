"""Messages of which nobody could find out whether they are there, and whose owner decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.domain.deliveries import Delivery


class Doubts(Protocol):
    def open(self, kinds: Sequence[str]) -> list[Delivery]:
        """Those of these kinds that were looked for in vain, waited, and wait for their owner's word."""
        ...

    def owners(self) -> list[str]:
        """The active administrators."""
        ...

    def decide(self, id: int, *, again: bool) -> bool:
        """Send it again, or give it up. False when that was decided before, or is past."""
        ...
