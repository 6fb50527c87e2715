"""The service but for its platforms' front doors: store, core, catalogue and scheduler put together."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from bot.app import App
from bot.features import FEATURES, guide
from bot.router import table
from content import loader
from content.catalogs import Catalogs
from content.texts import JinjaTexts
from scheduler.drain import LOOK_UP_AFTER, Drainer, Lane
from scheduler.housekeeping import Housekeeping
from scheduler.ports import Messenger, finished
from scheduler.tick import Ticker
from storage import departures, glossary, packs, statistics, tenancy
from storage.store import Store
from storage.tally import Tally

WARM_AFTER = 1.0  # seconds, by when the front doors are open

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class Unusable(Exception):
    """The service cannot start like this; the text says why."""


class BrokenPack(Unusable):
    """The pack has errors and is not activated; ``content check`` lists them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The whole service but for its platforms' front doors."""

    app: App
    store: Store
    ticker: Ticker
    drainer: Drainer
    housekeeping: Housekeeping
    clock: Callable[[], datetime]


def new_id() -> str:
    """A random id of 80 bits that is easy to read aloud."""
    number = secrets.randbits(80)  # once: choosing letter by letter asks the system sixteen times
    return "".join([_ALPHABET[number >> shift & 31] for shift in range(0, 80, 5)])


def open_catalogs(store: Store, folder: Path, now: datetime) -> Catalogs:
    """The pack in ``folder``, from the store when the files have not changed since they were compiled."""
    mark = loader.fingerprint(folder)
    known = store.look(lambda conn: packs.active(conn, mark)).result()
    if known is None:
        compiled = _compiled(folder)
        if not compiled.usable:
            raise BrokenPack(f"{len(compiled.problems)} errors in {folder.name}: {compiled.problems[0].message}")
        body = loader.encode(compiled.pack)
        known = (loader.version(body), body)
        store.transact(lambda conn: packs.activate(conn, known[0], mark, body, now)).result()
    return Catalogs(*known, lambda version: store.look_here(lambda conn: packs.load(conn, version)))


def _compiled(folder: Path) -> loader.Compiled:
    """Packs that come with the product are compiled here, anybody else's in a process with limits."""
    if folder.resolve().is_relative_to(loader.CORE.parent.resolve()):
        return loader.compile_pack(folder)
    from adapters.wiring import foreign

    try:
        return foreign.compile_apart(folder)
    except foreign.Refused as refusal:
        raise BrokenPack(f"{folder.name} was not compiled: {refusal}") from refusal


def assemble(
    engine: Engine,
    *,
    clock: Callable[[], datetime],
    messengers: Mapping[str, Messenger],
    folder: Path = loader.CORE,
    look_up_after: float = LOOK_UP_AFTER,
) -> System:
    """Put the rings together over a migrated database. ``messengers`` are by platform."""
    store = Store(engine)
    tally = Tally()

    # Events find their workspace in memory; only one that was made in the last second is looked for in the store.
    accounts = tenancy.Accounts(lambda: store.look(tenancy.workspaces).result())

    async def workspaces() -> list[tenancy.Workspace]:
        found = await finished(store.look(tenancy.workspaces))
        accounts.know(found)
        return found

    async def tenants() -> list[str]:
        return sorted({one.tenant for one in await workspaces()})

    async def lanes() -> list[Lane]:
        found = await workspaces()
        return [Lane(one.id, one.tenant, messengers[one.platform]) for one in found if one.platform in messengers]

    catalogs = open_catalogs(store, folder, clock())
    own_terms = catalogs.own_terms
    own_terms.replace(store.look(lambda conn: glossary.own_terms(conn, list(glossary.own_revisions(conn)))).result())
    store.on_terms = own_terms.changed

    async def refresh() -> None:
        """Entries that this or another process has changed come into memory with the next tick."""
        found = own_terms.outdated(await finished(store.look(glossary.own_revisions)))
        if found:
            own_terms.replace(await finished(store.look(lambda conn: glossary.own_terms(conn, found))))

    async def purge(before: datetime) -> None:
        while await finished(store.transact(lambda conn: departures.purge(conn, before), urgent=False)):
            pass

    async def gather() -> None:
        await finished(store.transact(statistics.gather, urgent=False))

    app = App(
        table=table(FEATURES),
        store=store,
        accounts=accounts,
        catalogs=catalogs,
        texts=JinjaTexts(),
        tally=tally,
        ids=new_id,
        fallback=guide.unknown,
    )
    # The indexes of search would be the first look-up's to wait for; built at once they would hold up the start.
    warming = threading.Timer(WARM_AFTER, catalogs.active().warm)
    warming.daemon = True
    warming.start()
    drainer = Drainer(app, store, lanes, clock, owner=new_id(), look_up_after=look_up_after)
    return System(
        app=app,
        store=store,
        ticker=Ticker(app, store, tenants),
        drainer=drainer,
        housekeeping=Housekeeping(store, tally, tenants, refresh, purge, gather),
        clock=clock,
    )


def wake_on_commit(system: System, loop: asyncio.AbstractEventLoop) -> None:
    """Let a commit that planned a delivery wake the drainer; commits happen on the store's threads."""
    system.store.on_wake = lambda: _call_soon(loop, system.drainer.wake)


def _call_soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    # A commit may be the last thing before shutdown, when the loop is already closed.
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)
