"""One tick: plan what has become due, end what is past its time, take the steps of due jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.app import App
from bot.router import Done, Window
from scheduler.ports import DispatchParts, SchedulerStore, finished

# A replica or a slow commit may have left rows just before the mark; planning them again is a no-op.
OVERLAP = timedelta(minutes=10)
STEPS_A_TICK = 10_000  # bounds a job that would never end


class Ticker:
    """Plans for every tenant. Safe in any number of replicas: every row it writes has a unique key."""

    def __init__(self, app: App, store: SchedulerStore, tenants: Callable[[], Sequence[str]]) -> None:
        self._app = app
        self._store = store
        self._tenants = tenants
        self._lock = asyncio.Lock()

    async def tick(self, now: datetime) -> None:
        """Do everything that is due at ``now`` (by Clock). One tick at a time."""
        async with self._lock:
            for tenant in self._tenants():
                await finished(self._store.write(tenant, lambda parts: self._plan(parts, now), urgent=False))
                for _ in range(STEPS_A_TICK):
                    if not await finished(
                        self._store.write(tenant, lambda parts: self._step(parts, now), urgent=False)
                    ):
                        break

    async def next_due(self, after: datetime) -> datetime | None:
        """The next instant after ``after`` at which a tick would find something to do, as far as is known now."""
        found = [
            await finished(self._store.write(tenant, lambda parts: self._next(parts, after), urgent=False))
            for tenant in self._tenants()
        ]
        return min((one for one in found if one is not None), default=None)

    def _plan(self, parts: DispatchParts, now: datetime) -> None:
        work = self._app.work(parts, now)
        marked = parts.dispatch.marked()
        window = Window(now if marked is None else min(marked - OVERLAP, now), now)
        for kind in self._app.table.kinds.values():
            if kind.plan is not None:
                kind.plan(work, window)
        for job in self._app.table.jobs.values():
            if job.plan is not None:
                job.plan(work, window)
        parts.dispatch.expire(now)
        parts.dispatch.mark(now)

    def _step(self, parts: DispatchParts, now: datetime) -> bool:
        """One step of the job that has been due longest; its cursor is committed with it. False when none is due."""
        due = parts.jobs.due(now)
        if due is None:
            return False
        job = self._app.table.jobs.get(due.name)
        if job is None:
            parts.jobs.finish(due, "failed", "no such job")
            return True
        outcome = job.step(self._app.work(parts, now), due.period, due.cursor)
        if isinstance(outcome, Done):
            parts.jobs.finish(due)
        else:
            parts.jobs.advance(due, outcome.cursor, outcome.progress)
        return True

    def _next(self, parts: DispatchParts, after: datetime) -> datetime | None:
        work = self._app.work(parts, after)
        table = self._app.table
        hooks = [*(kind.next_due for kind in table.kinds.values()), *(job.next_due for job in table.jobs.values())]
        found = [hook(work, after) for hook in hooks if hook is not None]
        found += [parts.dispatch.next_due(after), parts.jobs.next_due(after)]
        return min((one for one in found if one is not None), default=None)
