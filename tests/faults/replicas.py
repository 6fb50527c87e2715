"""Processes of one service on one PostgreSQL: workers that send to a file, and the real ``serve`` and ``worker`` over a loopback Slack."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select, update

from adapters.cli.serving import _bind, _run
from adapters.settings import Settings
from adapters.slack import app as slack_app
from adapters.slack import send as slack_send
from adapters.slack.calls import Calls
from adapters.wiring import serving
from bot.domain.deliveries import Delivery
from scheduler import drain
from scheduler.ports import Parcel
from storage import dialects, dispatch
from storage.dispatch import DispatchPart
from storage.ledger import delivery
from tests.faults.living import Unpaced
from tests.scheduler.conftest import Bench

CALL_SECONDS = 1.0


class Wall:
    """A platform that takes a moment for each call."""

    def __init__(self, path: Path, *, looks_up: bool = False) -> None:
        self._path = path
        self.looks_up = looks_up

    def room(self, _workspace: str) -> int:
        return 100

    async def send(self, parcel: Parcel) -> str:
        with self._path.open("a") as file:
            file.write(f"{parcel.delivery}\n")
        await asyncio.sleep(0.02)
        return f"m{parcel.delivery}"

    async def look_up(self, delivery: Delivery) -> str | None:
        return f"m{delivery.id}" if copies(self._path)[delivery.id] else None


def copies(path: Path) -> Counter[int]:
    """How often each delivery arrived."""
    return Counter(map(int, path.read_text().split())) if path.exists() else Counter()


def works(url: str, wall: Path, name: str, lease: float, fenced: bool, sees: bool) -> None:
    """Drain until killed. A call is as long as it takes, so that leases and epochs alone keep a worker from sending."""
    logging.disable()
    dispatch.LEASE_SECONDS = lease
    dialects.FROZEN_OPTION = f"-c idle_in_transaction_session_timeout={int(lease * 1000)}"
    drain.CALLS_SECONDS = drain.CALL_SECONDS = 999.0
    drain.POLL_SECONDS = 0.05
    if not fenced:
        _unfence()
    bench = Bench(url)
    bench.platform = Wall(wall, looks_up=sees)  # type: ignore[assignment]
    asyncio.run(_work(bench, name))


async def _work(bench: Bench, name: str) -> None:
    worker = bench.worker(name)
    await worker.serve()


def _unfence() -> None:
    """The negative control: whoever once claimed a row may send it."""
    part: Any = DispatchPart
    part.keep = lambda *_: True
    part.hold = lambda _self, _owner, claimed: list(claimed)
    part.intend = _intend_anyway


def _intend_anyway(self: Any, _owner: str, claimed: list[Any], _chosen: object) -> set[int]:
    ids = {one.id for one in claimed}
    self._conn.execute(
        update(delivery).where(delivery.c.id.in_(ids)).values(state="sending", attempts=delivery.c.attempts + 1)
    )
    return ids


def owner(engine: Engine) -> str | None:
    """Who is sending now."""
    sending = select(delivery.c.owner).where(delivery.c.state.in_(["claimed", "sending"])).limit(1)
    with engine.connect() as conn:
        found: str | None = conn.execute(sending).scalar()
    return found


def doubts(engine: Engine) -> int:
    """How many calls there were whose outcome was unknown, and which were made again."""
    with engine.connect() as conn:
        attempts = conn.execute(select(delivery.c.attempts).where(delivery.c.in_doubt)).scalars()
        return sum(int(one) - 1 for one in attempts)


def states(engine: Engine) -> Counter[str]:
    with engine.connect() as conn:
        return Counter(conn.execute(select(delivery.c.state)).scalars())


def plays(settings: Settings, role: str, port: int, lease: float) -> None:
    """What ``mlops-coach serve --no-worker`` and ``worker`` do, without the pace of Slack, and with a lease of the test's choice."""
    logging.disable()
    dispatch.LEASE_SECONDS = lease
    slack_app.Calls = functools.partial(Calls, seconds=CALL_SECONDS)  # type: ignore[attr-defined,assignment]
    slack_send.Pace = Unpaced  # type: ignore[attr-defined]
    app = serving.serving(settings, serving.Role(role))
    _run(app, [_bind(port)], lambda: None)
