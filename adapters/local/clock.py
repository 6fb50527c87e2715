"""The movable clock: it stands still between moves, steps from one due instant to the next, and never goes back."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from adapters.local.events import Event, Events
from scheduler.ports import finished
from storage import playground
from storage.store import Store

LONGEST = timedelta(days=92)  # of one move
NUDGE = timedelta(minutes=1)  # the step past an instant that claims to be due before now
_AMOUNT = re.compile(r"\+(\d{1,4})(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
log = logging.getLogger(__name__)


class PlayClock:
    """Where the playground's time stands: what every part gets as its clock."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Ticks(Protocol):
    """The ticker: plan what is due, and say what comes next."""

    async def tick(self, now: datetime) -> None: ...
    async def next_due(self, after: datetime) -> datetime | None: ...


class Drains(Protocol):
    """The drainer: send what is due."""

    async def drain(self) -> int: ...


class Sweeps(Protocol):
    """Housekeeping."""

    async def run(self, now: datetime) -> None: ...


class ClockState(msgspec.Struct, frozen=True, kw_only=True):
    """The clock as a page shows it: instants in UTC; ``share`` of the move that is done; why it stopped, if it had to."""

    now: datetime
    running: bool
    run_until: datetime | None = None
    share: float = 1.0
    steps: int = 0
    sent: int = 0
    problem: str = ""


class NotMovable(Exception):
    """The clock cannot be moved like that; the words say why."""


def target(words: str, now: datetime) -> datetime:
    """The instant meant by ``+1h``, ``+1d``, ``+2w`` or an ISO instant. Raises :class:`NotMovable`."""
    amount = _AMOUNT.fullmatch(words.strip())
    if amount:
        until = now + timedelta(**{_UNITS[amount[2]]: int(amount[1])})
    else:
        until = _instant(words)
    if until <= now:
        raise NotMovable("The clock never goes back: choose a moment after the playground's now.")
    if until > now + LONGEST:
        raise NotMovable(f"One move goes at most {LONGEST.days} days ahead.")
    return until


def _instant(words: str) -> datetime:
    try:
        found = datetime.fromisoformat(words.strip())
    except ValueError as error:
        raise NotMovable("Say next, +1h, +1d, +2w or an instant such as 2026-11-03T09:30:00Z.") from error
    return found.replace(microsecond=0).astimezone(UTC) if found.tzinfo else found.replace(microsecond=0, tzinfo=UTC)


class Mover:
    """Moves the clock, one run at a time. Every step is committed before it is acted on, so a killed run goes on."""

    def __init__(
        self,
        *,
        clock: PlayClock,
        store: Store,
        workspace: str,
        events: Events,
        ticker: Ticks,
        drainer: Drains,
        housekeeping: Sweeps,
        act: Callable[[], Awaitable[bool]],
        delivered: Callable[[], int],
    ) -> None:
        self._clock = clock
        self._store = store
        self._workspace = workspace
        self._events = events
        self._ticker = ticker
        self._drainer = drainer
        self._housekeeping = housekeeping
        self._act = act
        self._delivered = delivered
        self._task: asyncio.Task[None] | None = None
        self._settling = asyncio.Lock()
        self._start = self._until = clock.now
        self._steps = self._before = 0
        self._suspended = False
        self._problem = ""

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    @property
    def state(self) -> ClockState:
        whole = (self._until - self._start).total_seconds()
        gone = (self._clock.now - self._start).total_seconds()
        return ClockState(
            now=self._clock.now,
            running=self.running,
            run_until=self._until if self.running else None,
            share=min(1.0, gone / whole) if self.running and whole else 1.0,
            steps=self._steps,
            sent=self._delivered() - self._before,
            problem=self._problem,
        )

    def start(self, until: datetime) -> None:
        """Begin a run up to ``until``. Raises :class:`NotMovable` while another one goes on."""
        if self.running:
            raise NotMovable("The clock is moving already: wait for it, or stop it.")
        self._start, self._until, self._problem = self._clock.now, until, ""
        self._steps, self._before = 0, self._delivered()
        self._task = asyncio.create_task(self._run(until))

    async def wait(self, seconds: float | None = None) -> None:
        """Wait for the run to end, at most so long."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=seconds)

    async def stop(self) -> None:
        """End the run after the step it is in."""
        self._until = self._clock.now
        await self.wait()

    async def suspend(self) -> None:
        """End the run as :meth:`stop` does, but remember how far it was to go: the next start goes on."""
        self._suspended = True
        await self.stop()

    async def next_due(self) -> datetime | None:
        return await self._ticker.next_due(self._clock.now)

    async def settle(self) -> None:
        """Do everything that is due while the clock stands."""
        async with self._settling:
            await self._ticker.tick(self._clock.now)
            while await self._drainer.drain():
                pass  # what was sent may have made more due

    async def _run(self, until: datetime) -> None:
        # Every step sends what is due by itself: waking the drainer with each commit would do all of it twice.
        wake, self._store.on_wake = self._store.on_wake, _asleep
        try:
            await self._keep(self._clock.now, until)
            await self._step()
            while self._clock.now < self._until:
                due = await self._ticker.next_due(self._clock.now)
                if due is not None and due <= self._clock.now:
                    log.error("something claims to be due at an instant that is not after now")
                    due = self._clock.now + NUDGE
                now = min(due or self._until, self._until)
                await self._keep(now, until)
                self._clock.now = now
                await self._step()
        except Exception:
            log.exception("the clock stopped where it was")
            self._problem = "Something went wrong on the way, so the clock stopped here. The log says what."
        finally:
            self._store.on_wake = wake
            await self._keep(self._clock.now, until if self._suspended else None)
            self._task = None
            self._tell()

    async def _step(self) -> None:
        await self.settle()
        if await self._act():
            await self.settle()
        await self._housekeeping.run(self._clock.now)
        self._steps += 1
        self._tell()

    async def _keep(self, now: datetime, until: datetime | None) -> None:
        await finished(self._store.transact(lambda conn: playground.set_clock(conn, self._workspace, now, until)))

    def _tell(self) -> None:
        self._events.tell(Event(name="clock", data=msgspec.to_builtins(self.state)))


def _asleep() -> None:
    """Nobody is woken."""
