"""Counts kept in memory and written in batches; the last seconds may be lost in a crash, nothing else."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from datetime import datetime

from bot.ports.store import Parts


class Tally:
    """Implements ``bot.ports.tally.Tally``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uses: dict[str, Counter[str]] = defaultdict(Counter)
        self._misses: dict[str, Counter[str]] = defaultdict(Counter)
        self._seen: dict[str, dict[str, datetime]] = defaultdict(dict)

    def look_up(self, tenant: str, term: str) -> None:
        with self._lock:
            self._uses[tenant][term] += 1

    def miss(self, tenant: str, words: str) -> None:
        with self._lock:
            self._misses[tenant][words[:200]] += 1

    def active(self, tenant: str, member: str, now: datetime) -> None:
        with self._lock:
            self._seen[tenant][member] = now

    def tenants(self) -> list[str]:
        """Tenants with counts to write."""
        with self._lock:
            return sorted({*self._uses, *self._misses, *self._seen})

    def flush(self, parts: Parts, now: datetime) -> None:
        """Write what was counted for this tenant since the last flush."""
        with self._lock:
            uses = self._uses.pop(parts.tenant, Counter())
            misses = self._misses.pop(parts.tenant, Counter())
            seen = self._seen.pop(parts.tenant, {})
        parts.glossary.add_uses(uses)
        parts.glossary.add_misses(misses, now)
        parts.people.saw(seen)
