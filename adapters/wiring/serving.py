"""The server of the platforms that are set up: their routes, the drainer and the tick."""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, text
from starlette.applications import Starlette

from adapters import web
from adapters.front import Front, NotSetUp
from adapters.settings import Settings
from adapters.watch import Watch, WatchedMessenger
from adapters.web import OK
from adapters.wiring import operations
from adapters.wiring.database import is_for_one, told
from adapters.wiring.system import System, Unusable, assemble, wake_on_commit
from content import loader
from scheduler.clockwork import Clockwork
from scheduler.ports import Messenger, finished
from storage import backups, tenancy
from storage.dialects import open_engine
from storage.holds import held
from storage.operations import backlog
from storage.upgrade import current, head

if TYPE_CHECKING:
    from adapters.metrics import Metrics

TENANT = "company"  # of the installations that come from the environment
TICK_SECONDS = 1.0
NOTE_SECONDS = 5.0
READY_SECONDS = 2.0
LATE_SECONDS = 60.0  # since the last tick: a tick with a long job may take a while
log = logging.getLogger(__name__)


class Role(Enum):
    """What a process does: answer people, plan and send, or both."""

    BOTH = "both"
    ANSWERS = "answers"
    SENDS = "sends"


def serving(settings: Settings, role: Role = Role.BOTH, *, teams_unauthenticated: bool = False) -> Starlette:
    """The server of every platform that is set up. Raises :class:`Unusable` when none is, or when the database forbids the role.

    A process that only sends has no platform's routes, and opens no socket on which events come.
    ``teams_unauthenticated`` serves an emulator of Teams on this machine.
    """
    if not (settings.platform_tokens or teams_unauthenticated):
        raise Unusable("No platform is set up: there is nothing to serve.")
    if role is not Role.BOTH and is_for_one(settings.database_url):
        raise Unusable("SQLite is for one process: run `mlops-coach serve` alone, or use PostgreSQL for several.")
    if role is Role.SENDS:
        settings = _deaf(settings)
    with told():
        engine = open_engine(settings.database_url)
    _prepare(engine, settings)
    folder = settings.pack or loader.CORE
    messengers: dict[str, Messenger] = {}
    system = assemble(engine, clock=lambda: datetime.now(UTC), messengers=messengers, folder=folder)
    pulse = Pulse()
    metrics = _metrics(system, pulse, settings.backups)
    mounted = fronts(settings, system, metrics.of, teams_unauthenticated=teams_unauthenticated)
    for front in mounted:
        messengers[front.platform] = WatchedMessenger(front.messenger, metrics.of(front.platform), system.clock)
    routes = [] if role is Role.SENDS else [route for front in mounted for route in front.routes]
    app = web.build(
        routes, partial(_ready, system, pulse), partial(_running, system, mounted, role, pulse, settings.backups)
    )
    app.state.metrics = metrics.app  # for a door of its own
    log.info("starting", extra={"role": role.value})
    return app


def _metrics(system: System, pulse: Pulse, folder: Path) -> Metrics:
    from adapters.metrics import Found, Metrics

    async def read() -> Found:
        waiting = finished(system.store.look(lambda conn: backlog(conn, system.clock())))
        return Found(await waiting, await asyncio.to_thread(backups.newest, folder))

    return Metrics(read, system.clock, lambda: pulse.age)


def _deaf(settings: Settings) -> Settings:
    """Slack without its socket: a secret must be there for a front door to be made, and none of its routes is mounted."""
    secret = settings.slack_signing_secret or settings.slack_app_token
    return settings.model_copy(update={"slack_app_token": None, "slack_signing_secret": secret})


class Pulse:
    """When the scheduler of this process last ticked, by the monotonic clock."""

    def __init__(self) -> None:
        self._last: float | None = None

    def beat(self) -> None:
        self._last = time.monotonic()

    @property
    def age(self) -> float | None:
        """Seconds since the last tick; None where no scheduler runs."""
        return None if self._last is None else time.monotonic() - self._last


def _prepare(engine: Engine, settings: Settings) -> None:
    """Bring the database to our schema, after a backup, and say what an operator must know of it."""
    with operations.sentences():
        done = operations.upgrade_engine(engine, settings.backups)
    if done.without:
        log.warning("the database was upgraded without a backup: `mlops-coach db backup` says why there is none")
    with engine.connect() as conn:
        hold = held(conn)
    if hold is not None:
        log.warning("nothing is sent since a restore: `mlops-coach db release` ends that")


def fronts(
    settings: Settings, system: System, watches: Callable[[str], Watch], *, teams_unauthenticated: bool = False
) -> list[Front]:
    """The platforms that are set up; each is imported only then. Installations from the environment are one company's."""
    found: list[Front] = []
    _company(settings, system)
    if settings.slack_is_set:
        found.append(_slack(settings, system, watches("slack")))
    if settings.teams_is_set or teams_unauthenticated:
        found.append(_teams(settings, system, watches("teams"), authenticated=not teams_unauthenticated))
    if not found:
        raise Unusable("The platform settings are not complete.")
    return found


def _company(settings: Settings, system: System) -> None:
    secret = secrets.token_hex(32)
    system.store.transact(
        lambda conn: tenancy.add_tenant(conn, TENANT, settings.company, secret, system.clock())
    ).result()


def _slack(settings: Settings, system: System, watch: Watch) -> Front:
    from adapters.slack.app import open_front

    try:
        return open_front(settings, system.app, system.store, system.clock, tenant=TENANT, watch=watch)
    except NotSetUp as error:
        raise Unusable(str(error)) from error


def _teams(settings: Settings, system: System, watch: Watch, *, authenticated: bool) -> Front:
    from adapters.teams.front import Incomplete, TeamsFront

    try:
        return TeamsFront(
            settings,
            app=system.app,
            store=system.store,
            clock=system.clock,
            tenant=TENANT,
            authenticated=authenticated,
            watch=watch,
        )
    except Incomplete as error:
        raise Unusable(str(error)) from error


async def _ready(system: System, pulse: Pulse) -> dict[str, str]:
    """What the service needs to work, by name: ``ok``, or what is wrong with it."""
    found = {"database": OK, "schema": OK}
    try:
        await asyncio.wait_for(finished(system.store.transact(_write_nothing)), READY_SECONDS)
        revision = await asyncio.wait_for(finished(system.store.look(current)), READY_SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever it is, we are not ready
        found |= {"database": type(error).__name__, "schema": "unknown"}
    else:
        if revision != head():
            found["schema"] = f"revision {revision or 'none'}, this release has {head()}"
    if pulse.age is not None:
        found["scheduler"] = OK if pulse.age < LATE_SECONDS else f"the last tick was {pulse.age:.0f} s ago"
    return found


def _write_nothing(conn: Connection) -> None:
    conn.execute(text("SELECT 1"))


@asynccontextmanager
async def _running(
    system: System, mounted: list[Front], role: Role, pulse: Pulse, backups: Path, _app: object
) -> AsyncIterator[None]:
    """Start the platforms, the drainer and the tick; stop them in the opposite order, finishing what is under way."""
    for front in mounted:
        await front.start()
    clockwork = Clockwork()
    draining = None
    if role is Role.ANSWERS:
        system.store.wakeups.start(listen=False)
        clockwork.every(TICK_SECONDS, partial(_flush, system))
    else:
        wake_on_commit(system, asyncio.get_running_loop())
        if not system.store.is_shared:  # another process's calls under way are its own until their leases lapse
            await system.drainer.take_over()
        system.store.wakeups.start(listen=True)
        draining = asyncio.create_task(system.drainer.serve())
        pulse.beat()
        clockwork.every(TICK_SECONDS, partial(_tick, system, pulse))
        clockwork.every(NOTE_SECONDS, partial(_note, system, backups))
    clockwork.start()
    # What is there now stays: the collector need not look at it again, which would hold the loop for a tenth of a second.
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        clockwork.stop()
        if draining is not None:
            await system.drainer.stop()
            await draining
        for front in mounted:
            await front.stop()
        await asyncio.to_thread(system.store.close)


async def _note(system: System, backups: Path) -> None:
    """Who was erased is written beside the backups, which do not know it yet."""
    await finished(system.store.look(lambda conn: operations.note_erasures(conn, backups)))


async def _tick(system: System, pulse: Pulse) -> None:
    now = system.clock()
    await system.ticker.tick(now)
    await system.housekeeping.run(now)
    system.drainer.wake()
    pulse.beat()


async def _flush(system: System) -> None:
    """What a process that only answers people has to write: its counts."""
    await system.housekeeping.flush(system.clock())
