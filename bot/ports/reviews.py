"""What spaced reviews ask of the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bot.domain.reviews import Memory


class Reviews(Protocol):
    def memory(self, member: str, concept: str) -> Memory | None:
        """The memory of one concept, locked until the end of the transaction."""
        ...

    def memories(self, member: str) -> list[Memory]: ...

    def keep(self, member: str, memory: Memory) -> None: ...

    def forget(self, member: str, concept: str) -> None: ...

    def dropped(self) -> Mapping[str, int]:
        """How many members each concept was dropped for after too many misses."""
        ...
