"""Processes that live until they are killed: one drains to a loopback Slack, one answers people on a socket."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from aiohttp import web
from sqlalchemy import func, select, update
from typing_extensions import override

from adapters.slack import app as slack_app
from adapters.slack import send as slack_send
from adapters.slack.calls import Calls
from adapters.slack.pace import Pace
from adapters.turn import take
from adapters.wiring.system import System, assemble, wake_on_commit
from bot.domain.conversation import FormSubmitted, Incoming
from bot.domain.conversation import Place as Spot
from scheduler.ports import Messenger
from storage.dialects import open_engine
from storage.ledger import delivery
from storage.lessons import learner
from tests.adapters.slack_desk import TENANT, settings
from tests.faults.slack_platform import Fault, SlackPlatform
from tests.journeys.conversation import WORKSPACE, said

LOOK_UP_AFTER = 0.3
CALL_SECONDS = 1.0


@dataclass(frozen=True)
class Life:
    """What a process needs to know. The movable clock began at ``began`` and stands when it comes to ``ends``."""

    url: str
    pack: Path
    notes: Path
    api_url: str = ""
    starts: datetime | None = None
    began: float = 0.0
    speed: float = 0.0
    ends: datetime | None = None
    sees: bool = True

    def clock(self) -> datetime:
        assert self.starts is not None
        assert self.ends is not None
        return min(self.starts + timedelta(seconds=(time.time() - self.began) * self.speed), self.ends)


class Unpaced(Pace):
    @override
    async def wait(self, conversation: str) -> None:
        return

    @override
    def room(self) -> int:
        return 100


async def _nothing_there(_self: object, _delivery: object) -> None:
    return


def drains(life: Life) -> None:
    """Plan, drain and look up as the service does, until killed; or until nothing is open once the clock stands."""
    slack_app.Calls = _quick  # type: ignore[attr-defined,assignment]
    slack_send.Pace = Unpaced  # type: ignore[attr-defined]
    if not life.sees:
        slack_send.SlackMessenger.look_up = _nothing_there  # type: ignore[assignment,method-assign]
    asyncio.run(_drain(life))


def _quick(api_url: str, **more: Any) -> Calls:
    return Calls(api_url, seconds=CALL_SECONDS, **more)


async def _drain(life: Life) -> None:
    messengers: dict[str, Messenger] = {}
    system = assemble(
        open_engine(life.url), clock=life.clock, messengers=messengers, folder=life.pack, look_up_after=LOOK_UP_AFTER
    )
    own = settings(SimpleNamespace(api_url=life.api_url))  # type: ignore[arg-type]
    front = slack_app.open_front(own, system.app, system.store, life.clock, tenant=TENANT)
    messengers[front.platform] = front.messenger
    wake_on_commit(system, asyncio.get_running_loop())
    await front.start()
    _note_unknown(life, system)
    await system.drainer.take_over()
    draining = asyncio.create_task(system.drainer.serve())
    assert life.ends is not None
    standing = False  # whether a tick has seen the end
    while not standing or _open(system):
        standing = life.clock() >= life.ends
        system.store.transact(lambda conn: conn.execute(update(learner).values(ignored=0))).result()
        if standing:  # nobody waits for the last retries
            system.store.transact(lambda conn: conn.execute(update(delivery).values(not_before=0.0))).result()
        await system.ticker.tick(life.clock())
        system.drainer.wake()
        await asyncio.sleep(0.05)
    await system.drainer.stop()
    await draining
    await front.stop()
    system.store.close()


def _count(system: System, *states: str) -> int:
    statement = select(func.count()).where(delivery.c.state.in_(states))
    return int(system.store.look(lambda conn: conn.execute(statement).scalar_one()).result())


def _open(system: System) -> bool:
    return _count(system, "ready", "claimed", "sending", "unknown") > 0


def _note_unknown(life: Life, system: System) -> None:
    """How many calls were under way when the process before was killed: at most so many are not known."""
    with (life.notes / "under-way").open("a") as file:
        file.write(f"{_count(system, 'sending')}\n")


class FaultySlack(SlackPlatform):
    """Of every hundred calls so many fail, in every way there is."""

    WAYS = (
        {"status": 429, "headers": {"Retry-After": "1"}, "error": "ratelimited"},
        {"status": 503},
        {"status": 500, "arrives": True},
        {"lost": True},
        {"garbled": True},
        {"slow": CALL_SECONDS + 0.3, "arrives": True},
        {"error": "internal_error"},
    )
    SENDING = frozenset({"chat.postMessage", "chat.update", "conversations.history", "conversations.replies"})

    def __init__(self, share: float, seed: int) -> None:
        super().__init__()
        self.share, self.faults = share, 0
        self._chance = random.Random(seed)

    @override
    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        await asyncio.sleep(self._chance.uniform(0, 0.04))
        if method in self.SENDING and self._chance.random() < self.share:
            self.faults += 1
            self.fail(method, Fault(**self._chance.choice(self.WAYS)))
        return await super()._api(request)

    def copies(self) -> dict[int, int]:
        """How often each delivery stands on the platform, by its marker."""
        found: dict[int, int] = {}
        for messages in self.messages.values():
            for one in messages:
                payload = json.loads(one["metadata"]) if isinstance(one["metadata"], str) else one["metadata"]
                id = payload["event_payload"]["delivery_id"]
                found[id] = found.get(id, 0) + 1
        return found


@contextmanager
def beside(platform: SlackPlatform) -> Iterator[None]:
    """Serve a platform on a thread of its own, so that it lives while processes die."""
    ready, done = threading.Event(), threading.Event()

    async def serve() -> None:
        async with platform.serve():
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join()


def answers(life: Life, socket: str) -> None:
    """Answer suggestions that come as lines on a socket, until killed."""
    logging.disable()
    Path(socket).unlink(missing_ok=True)
    asyncio.run(_answer(life, socket))


async def _answer(life: Life, socket: str) -> None:
    assert life.starts is not None
    now = life.starts
    system = assemble(open_engine(life.url), clock=lambda: now, messengers={}, folder=life.pack)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            key, who = line.decode().split()
            form = FormSubmitted("glossary.suggest", {"term": key, "meaning": "It means something."}, "")
            incoming = Incoming(WORKSPACE, f"u-{who}", Spot("direct", f"d-{who}"), form, key, who)
            words = said(await take(system.app, incoming, now))
            writer.write(f"{key} {_verdict(words)}\n".encode())
            await writer.drain()

    server = await asyncio.start_unix_server(serve, socket)
    async with server:
        await server.serve_forever()


def _verdict(words: str) -> str:
    if "not saved" in words or not words:
        return "not-saved" if words else "again"  # an empty answer is that of a repeat: it was saved before
    return "unsure" if "cannot say" in words else "saved"


__all__ = ["FaultySlack", "Life", "answers", "beside", "drains"]
