"""What is swept regularly: counts are written, and what is past its retention is deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from scheduler.ports import DispatchParts, SchedulerStore, finished

INBOX_KEPT = timedelta(days=7)
LOG_KEPT = timedelta(days=90)
PARKED_TEXT_KEPT = timedelta(days=14)
ANSWERS_KEPT = timedelta(days=400)
DEPARTED_KEPT = timedelta(days=30)
SWEEP_EVERY = timedelta(hours=1)
GATHER_EVERY = timedelta(seconds=5)


class Tallied(Protocol):
    """Counts waiting in memory."""

    def tenants(self) -> list[str]: ...
    def flush(self, parts: DispatchParts, now: datetime) -> None: ...


class Housekeeping:
    """Runs with the tick; deleting happens at most once an hour of Clock. ``refresh`` brings memory up to date.

    ``purge`` deletes what companies left behind that took the app away before an instant. ``gather`` tells the database's
    planner what has filled.
    """

    def __init__(
        self,
        store: SchedulerStore,
        tally: Tallied,
        tenants: Callable[[], Awaitable[Sequence[str]]],
        refresh: Callable[[], Awaitable[None]] | None = None,
        purge: Callable[[datetime], Awaitable[None]] | None = None,
        gather: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._tally = tally
        self._tenants = tenants
        self._refresh = refresh
        self._purge = purge
        self._gather = gather
        self._gathered: datetime | None = None
        self._swept: datetime | None = None

    async def run(self, now: datetime) -> None:
        await self.flush(now)
        if self._gather is not None and (self._gathered is None or now - self._gathered >= GATHER_EVERY):
            self._gathered = now
            await self._gather()
        if self._swept is None or now - self._swept >= SWEEP_EVERY:
            self._swept = now
            for tenant in await self._tenants():
                await finished(self._store.write(tenant, lambda parts: _sweep(parts, now), urgent=False))
            if self._purge is not None:
                await self._purge(now - DEPARTED_KEPT)

    async def flush(self, now: datetime) -> None:
        """Write the counts: every process that answers people has some."""
        for tenant in self._tally.tenants():
            await finished(self._store.write(tenant, lambda parts: self._tally.flush(parts, now), urgent=False))
        if self._refresh is not None:
            await self._refresh()


def _sweep(parts: DispatchParts, now: datetime) -> None:
    if not parts.dispatch.alone("sweeping"):
        return
    parts.dispatch.forget(inbox_before=now - INBOX_KEPT, log_before=now - LOG_KEPT, answers_before=now - ANSWERS_KEPT)
    parts.dispatch.forget_texts(now - PARKED_TEXT_KEPT)
