"""One tick: plan what has become due, end what is past its time, take the steps of due jobs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from bot.app import App
from bot.domain.deliveries import OVERLAP
from bot.router import Done, Window, Work
from scheduler.ports import DispatchParts, JobKey, OpenJob, SchedulerStore, finished

STEPS_A_TICK = 10_000  # bounds a job that would never end
MOST_FAILURES = 6  # in a row, before a job is given up
T = TypeVar("T")
log = logging.getLogger(__name__)


class Ticker:
    """Plans for every tenant. Safe in any number of replicas: every row it writes has a unique key."""

    def __init__(self, app: App, store: SchedulerStore, tenants: Callable[[], Awaitable[Sequence[str]]]) -> None:
        self._app = app
        self._store = store
        self._tenants = tenants
        self._lock = asyncio.Lock()

    async def tick(self, now: datetime) -> None:
        """Do everything that is due at ``now`` (by Clock). One tick at a time; one tenant's trouble is no other's."""
        async with self._lock:
            for tenant in await self._tenants():
                try:
                    await self._tick(tenant, now)
                except Exception:
                    log.exception("a tick failed; the next one goes on from the mark")

    async def _tick(self, tenant: str, now: datetime) -> None:
        await self._write(tenant, lambda parts: self._plan(parts, now))
        failed: list[JobKey] = []
        for _ in range(STEPS_A_TICK):
            due = await self._write(tenant, lambda parts: parts.jobs.due(now, failed))
            if due is None:
                return
            try:
                await self._write(tenant, partial(self._step, due=due, now=now))
            except Exception as error:
                # Its step is undone. It is tried again with the next tick, and other jobs go on meanwhile.
                log.exception("a job failed", extra={"kind": due.name})
                failed.append((due.name, due.period))
                reason = f"{type(error).__name__}"
                await self._write(tenant, partial(_count_failure, due=due, reason=reason))

    async def _write(self, tenant: str, work: Callable[[DispatchParts], T]) -> T:
        return await finished(self._store.write(tenant, work, urgent=False))

    async def next_due(self, after: datetime) -> datetime | None:
        """The next instant after ``after`` at which a tick would find something to do, as far as is known now."""
        found = [
            await finished(self._store.write(tenant, lambda parts: self._next(parts, after), urgent=False))
            for tenant in await self._tenants()
        ]
        return min((one for one in found if one is not None), default=None)

    def _plan(self, parts: DispatchParts, now: datetime) -> None:
        if not parts.dispatch.alone("planning"):  # another replica plans; twice would be right too, and waste
            return
        work = self._app.work(parts, now)
        marked = parts.dispatch.marked()
        window = Window(now if marked is None else min(marked - OVERLAP, now), now)
        table = self._app.table
        plans = [*(kind.plan for kind in table.kinds.values()), *(job.plan for job in table.jobs.values())]
        done = [_planned(parts, work, window, plan) for plan in plans if plan is not None]
        parts.dispatch.expire(now)
        if all(done):  # otherwise the next tick plans this window again: what is there already stays
            parts.dispatch.mark(now)

    def _step(self, parts: DispatchParts, due: OpenJob, now: datetime) -> None:
        """One step of a job; its cursor is committed with it. A replica that has taken the step too is undone."""
        job = self._app.table.jobs.get(due.name)
        if job is None:
            parts.jobs.finish(due, "failed", "no such job")
            return
        outcome = job.step(self._app.work(parts, now), due.period, due.cursor)
        if isinstance(outcome, Done):
            parts.jobs.finish(due)
        else:
            parts.jobs.advance(due, outcome.cursor, outcome.progress)

    def _next(self, parts: DispatchParts, after: datetime) -> datetime | None:
        work = self._app.work(parts, after)
        table = self._app.table
        hooks = [*(kind.next_due for kind in table.kinds.values()), *(job.next_due for job in table.jobs.values())]
        found = [hook(work, after) for hook in hooks if hook is not None]
        found += [parts.dispatch.next_due(after), parts.jobs.next_due(after)]
        return min((one for one in found if one is not None), default=None)


def _planned(parts: DispatchParts, work: Work, window: Window, plan: Callable[[Work, Window], object]) -> bool:
    try:
        with parts.savepoint():
            plan(work, window)
    except Exception:
        log.exception("planning failed")
        return False
    return True


def _count_failure(parts: DispatchParts, due: OpenJob, reason: str) -> None:
    parts.jobs.failed(due, reason, MOST_FAILURES)
