"""The server of the platforms that are set up: their routes, the drainer and the tick."""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from starlette.applications import Starlette

from adapters import web
from adapters.front import Front
from adapters.settings import Settings
from adapters.wiring import operations
from adapters.wiring.database import alone
from adapters.wiring.system import System, Unusable, assemble, wake_on_commit
from content import loader
from scheduler.clockwork import Clockwork
from scheduler.ports import Messenger, finished
from storage import tenancy
from storage.dialects import open_engine
from storage.holds import held
from storage.upgrade import current, head

TENANT = "company"  # of the installations that come from the environment
TICK_SECONDS = 1.0
NOTE_SECONDS = 5.0
READY_SECONDS = 2.0
log = logging.getLogger(__name__)


def serving(settings: Settings) -> Starlette:
    """The server of every platform that is set up. Raises :class:`Unusable` when none is."""
    if not settings.platform_tokens:
        raise Unusable("No platform is set up: there is nothing to serve.")
    engine = open_engine(settings.database_url)
    _prepare(engine, settings)
    folder = settings.pack or loader.CORE
    messengers: dict[str, Messenger] = {}
    system = assemble(engine, clock=lambda: datetime.now(UTC), messengers=messengers, folder=folder)
    mounted = fronts(settings, system)
    messengers.update({front.platform: front.messenger for front in mounted})
    routes = [route for front in mounted for route in front.routes]
    return web.build(routes, partial(_ready, system), partial(_living, settings, system, mounted))


def _prepare(engine: Engine, settings: Settings) -> None:
    """Bring the database to our schema, after a backup, and say what an operator must know of it."""
    with operations.sentences():
        done = operations.upgrade_engine(engine, settings.backups)
    if done.without:
        log.warning("the database was upgraded without a backup: %s", done.without)
    with engine.connect() as conn:
        hold = held(conn)
    if hold is not None:
        log.warning("nothing is sent: %s. `mlops-coach db release` ends that", hold.reason)


def fronts(settings: Settings, system: System) -> list[Front]:
    """The platforms that are set up; each is imported only then. Installations from the environment are one company's."""
    found: list[Front] = []
    _company(settings, system)
    if settings.slack_is_set:
        found.append(_slack(settings, system))
    if settings.teams_is_set:
        found.append(_teams(settings, system))
    if not found:
        raise Unusable("The platform settings are not complete.")
    return found


def _company(settings: Settings, system: System) -> None:
    secret = secrets.token_hex(32)
    system.store.transact(
        lambda conn: tenancy.add_tenant(conn, TENANT, settings.company, secret, system.clock())
    ).result()


def _slack(settings: Settings, system: System) -> Front:
    from adapters.slack.app import NotSetUp, open_front

    try:
        return open_front(settings, system.app, system.store, system.clock, tenant=TENANT)
    except NotSetUp as error:
        raise Unusable(str(error)) from error


def _teams(settings: Settings, system: System) -> Front:
    from adapters.teams.front import Incomplete, TeamsFront

    try:
        return TeamsFront(settings, app=system.app, store=system.store, clock=system.clock, tenant=TENANT)
    except Incomplete as error:
        raise Unusable(str(error)) from error


async def _ready(system: System) -> dict[str, object]:
    """What keeps the service from working: the store does not take a write, or the schema is not ours."""
    try:
        await asyncio.wait_for(finished(system.store.transact(_write_nothing)), READY_SECONDS)
        revision = await asyncio.wait_for(finished(system.store.look(current)), READY_SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever it is, we are not ready
        return {"database": type(error).__name__}
    return {} if revision == head() else {"schema": revision or "none"}


def _write_nothing(conn: Connection) -> None:
    conn.execute(text("SELECT 1"))


@asynccontextmanager
async def _living(settings: Settings, system: System, mounted: list[Front], _app: Starlette) -> AsyncIterator[None]:
    """Serve, alone where the database is one process's."""
    with alone(settings.database_url):
        async with _running(system, mounted, settings.backups):
            yield


@asynccontextmanager
async def _running(system: System, mounted: list[Front], backups: Path) -> AsyncIterator[None]:
    """Start the platforms, the drainer and the tick; stop them in the opposite order, finishing what is under way."""
    wake_on_commit(system, asyncio.get_running_loop())
    for front in mounted:
        await front.start()
    if not system.store.is_shared:  # another process's calls under way are its own until their leases lapse
        await system.drainer.take_over()
    draining = asyncio.create_task(system.drainer.serve())
    clockwork = Clockwork()
    clockwork.every(TICK_SECONDS, partial(_tick, system))
    clockwork.every(NOTE_SECONDS, partial(_note, system, backups))
    clockwork.start()
    # What is there now stays: the collector need not look at it again, which would hold the loop for a tenth of a second.
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        clockwork.stop()
        await system.drainer.stop()
        await draining
        for front in mounted:
            await front.stop()
        system.store.close()


async def _note(system: System, backups: Path) -> None:
    """Who was erased is written beside the backups, which do not know it yet."""
    await finished(system.store.look(lambda conn: operations.note_erasures(conn, backups)))


async def _tick(system: System) -> None:
    now = system.clock()
    await system.ticker.tick(now)
    await system.housekeeping.run(now)
    system.drainer.wake()
