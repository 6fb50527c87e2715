"""The tick of the clock, by APScheduler: the only file that imports it, and a tick is all it is used for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger


class Clockwork:
    """Calls coroutines at fixed intervals, in memory, in UTC; a late tick is not made up for by two."""

    def __init__(self) -> None:
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = AsyncIOScheduler(timezone="UTC", job_defaults=defaults)

    def every(self, seconds: float, call: Callable[[], Awaitable[None]]) -> None:
        self._scheduler.add_job(call, IntervalTrigger(seconds=seconds, timezone="UTC"))

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)
