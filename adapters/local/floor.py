"""The floor of the playground: everything a page or the API asks for, put together once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from adapters.local import shown
from adapters.local.clock import Drains, Mover, PlayClock, Sweeps, Ticks
from adapters.local.colleagues import Colleagues
from adapters.local.events import Events
from adapters.local.people import PEOPLE, TOPICS, WORKSPACE, arrivals, direct
from adapters.local.problems import Problem
from adapters.local.send import Desk
from adapters.local.shown import MessageView, PersonView, PlaceView
from adapters.local.turns import Turns
from bot.app import App
from scheduler.ports import finished
from storage import playground
from storage.store import Store

PAGE = 200  # messages of one answer
ORDER = {one.account: at for at, one in enumerate(PEOPLE)}


class Sender(Drains, Protocol):
    """The drainer, with its life."""

    async def take_over(self) -> None: ...
    async def serve(self) -> None: ...
    async def stop(self) -> None: ...


class Floor:
    """One running playground."""

    def __init__(
        self,
        *,
        app: App,
        store: Store,
        clock: PlayClock,
        ticker: Ticks,
        drainer: Sender,
        housekeeping: Sweeps,
        desk: Desk,
        events: Events,
        simulating: bool,
        wake: Callable[[asyncio.AbstractEventLoop], None],
    ) -> None:
        self.app = app
        self.store = store
        self.clock = clock
        self.events = events
        self.simulating = simulating
        self._drainer = drainer
        self._wake = wake
        self._loop: asyncio.AbstractEventLoop | None = None
        self._colleagues = Colleagues(store, app.catalogs, lambda: self.turns)
        act: Callable[[], Awaitable[bool]] = self._colleagues.act if simulating else _nobody_acts
        self.mover = Mover(
            clock=clock,
            store=store,
            workspace=WORKSPACE,
            events=events,
            ticker=ticker,
            drainer=drainer,
            housekeeping=housekeeping,
            act=act,
            delivered=lambda: desk.delivered,
        )
        self.turns = Turns(app=app, store=store, desk=desk, mover=self.mover, clock=clock)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """From start to stop: take over what a killed process left, go on with its run, send what is due."""
        self._loop = asyncio.get_running_loop()
        self._wake(self._loop)
        await self._drainer.take_over()
        row = await finished(self.store.look(lambda conn: playground.clock(conn, WORKSPACE)))
        await asyncio.to_thread(arrivals, self.app, self.clock.now)
        await self._colleagues.begin()
        serving = asyncio.create_task(self._drainer.serve())
        if row is not None and row.run_until is not None and row.run_until > self.clock.now:
            self.mover.start(row.run_until)
        else:
            await self.turns.settle(wait=False)
        try:
            yield
        finally:
            self.events.close()
            await self.mover.suspend()
            await self.turns.close()
            await self._drainer.stop()
            await serving
            await asyncio.to_thread(self.store.close)

    def end_streams(self) -> None:
        """Close every page's stream of events; may be called from a signal handler."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.events.close)

    async def people(self) -> list[PersonView]:
        found = (await self.turns.residents()).values()
        views = [shown.person(one, simulating=self.simulating) for one in found]
        return sorted(views, key=lambda one: (ORDER.get(one.account, len(ORDER)), one.name))

    async def places(self, account: str) -> list[PlaceView]:
        """The person's own conversation with the bot, and the channels."""
        await self.turns.eyes(account)
        rooms = await finished(self.store.look(lambda conn: playground.rooms(conn, WORKSPACE)))
        newest = await finished(self.store.look(lambda conn: playground.newest(conn, WORKSPACE, account)))
        own = direct(account)
        return [
            PlaceView(id=own, kind="direct", name=shown.BOT, newest=newest.get(own, 0)),
            *(
                PlaceView(
                    id=one.address,
                    kind="channel",
                    name=one.name,
                    topic=TOPICS.get(one.address, ""),
                    newest=newest.get(one.address, 0),
                )
                for one in rooms
            ),
        ]

    async def messages(self, account: str, place: str | None, thread: int | None, after: int) -> list[MessageView]:
        """What ``account`` may see of a place, or of one thread with its root."""
        eyes = await self.turns.eyes(account)
        if place is None or all(one.id != place for one in await self.places(account)):
            raise Problem(404, f"There is no place {(place or '')[:60]!r} for you.", "GET /api/places?as= lists yours.")
        found = await finished(
            self.store.look(
                lambda conn: playground.conversation(
                    conn, WORKSPACE, account, place, thread=thread, after=after, limit=PAGE
                )
            )
        )
        return [eyes.message(one, "m" if thread is None else "t") for one in found]


async def _nobody_acts() -> bool:
    """The simulation is switched off."""
    return False
