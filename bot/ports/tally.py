"""Counts that may lose their last seconds in a crash: look-ups, misses, last active. Written in batches."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Tally(Protocol):
    def look_up(self, tenant: str, term: str) -> None: ...

    def miss(self, tenant: str, words: str) -> None: ...

    def active(self, tenant: str, member: str, now: datetime) -> None: ...
