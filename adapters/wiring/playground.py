"""The playground: one person's whole company in a file, with a clock that can be moved."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from adapters.wiring.database import told
from adapters.wiring.system import System, Unusable, assemble, wake_on_commit
from bot.messages import Message
from content import loader
from scheduler.ports import Messenger
from storage import playground as play
from storage import tenancy, upgrade
from storage.dialects import open_engine

if TYPE_CHECKING:
    from starlette.applications import Starlette


class PlaygroundRefused(Unusable):
    """The playground must not run here; the words say why and what to do."""


def playground(
    database_url: str,
    *,
    port: int,
    start: datetime | None = None,
    colleagues: bool = True,
    token: str | None = None,
    folder: Path = loader.CORE,
    prepare: Callable[[Engine], object] = upgrade.upgrade,
) -> tuple[Starlette, str, System]:
    """The playground over its database, made at the first start: the web application, the token it asks for, the system.

    ``start`` is where the clock stands at the first start. Raises :class:`PlaygroundRefused`.
    """
    from adapters.local import app as local_app
    from adapters.local.clock import PlayClock
    from adapters.local.events import Events
    from adapters.local.floor import Floor
    from adapters.local.people import PLATFORM, WORKSPACE, seed
    from adapters.local.send import Desk, LocalMessenger

    engine = _playground_engine(database_url, PLATFORM, prepare)
    with told(), engine.connect() as conn:
        row = play.clock(conn, WORKSPACE)
    first = (start or datetime.now(UTC)).astimezone(UTC).replace(second=0, microsecond=0)
    clock = PlayClock(row.now if row else first)
    messengers: dict[str, Messenger] = {}
    # A process that starts is the only one, and what it sent is in its own table: it may look at once.
    system = assemble(engine, clock=clock, messengers=messengers, folder=folder, look_up_after=0.0)
    seed(system.store, system.app.catalogs.active(), secrets.token_hex(32), clock.now)
    events = Events()
    desk = Desk(system.store, events)
    messengers[PLATFORM] = LocalMessenger(system.store, desk)
    floor = Floor(
        app=system.app,
        store=system.store,
        clock=clock,
        ticker=system.ticker,
        drainer=system.drainer,
        housekeeping=system.housekeeping,
        desk=desk,
        events=events,
        simulating=colleagues,
        wake=lambda loop: wake_on_commit(system, loop),
    )
    secret = token or secrets.token_urlsafe(24)
    return local_app.build(floor, port=port, token=secret, renderers=_RENDERERS), secret, system


def _playground_engine(database_url: str, platform: str, prepare: Callable[[Engine], object]) -> Engine:
    """The database, migrated, when it may be played with."""
    from adapters.settings import Settings

    tokens = Settings().platform_tokens
    if tokens:
        names = ", ".join(tokens)
        raise PlaygroundRefused(
            f"The playground does not run where real people are served. Unset {names}, then start it."
        )
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = open_engine(url)
    with told():
        prepare(engine)
    with told(), engine.connect() as conn:
        others = sorted({one.platform for one in tenancy.workspaces(conn)} - {platform})
    if others:
        engine.dispose()
        raise PlaygroundRefused(
            f"This database serves {', '.join(others)}. Give the playground a database of its own with --database."
        )
    return engine


def _slack(message: Message) -> Any:
    from adapters.slack import render

    return render.message(message)


def _teams(message: Message) -> Any:
    from adapters.teams import render

    return render.activity(message)


_RENDERERS: Mapping[str, Callable[[Message], Any]] = {"slack": _slack, "teams": _teams}
