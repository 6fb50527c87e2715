"""Socket Mode against the loopback platform: the same conversations, one owner, and a watchdog."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.slack import app as slack_app
from adapters.slack.socket_mode import LOCK, Socket
from scheduler.ports import finished
from storage import locks
from tests.adapters.slack_desk import Desk, direct, open_desk, words
from tests.faults.slack_platform import TEAM, Fault

LENA = "U0LENA"
APP_TOKEN = "xapp-loopback"


@pytest.fixture
async def desk(tmp_path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(slack_app, "Socket", partial(Socket, renew_seconds=0.05, silent_seconds=0.2))
    async with open_desk(tmp_path) as made:
        yield made


def socket(desk: Desk, **more: Any) -> Socket:
    desk.platform.tokens.add(APP_TOKEN)
    return Socket(
        app_token=APP_TOKEN,
        client=lambda: desk.front._calls.client,
        take=desk.front._turns.receive,
        store=desk.system.store,
        **{"reach": desk.front._reach, "renew_seconds": 0.05, "silent_seconds": 0.2, **more},
    )


async def stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def answered(desk: Desk, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    id = await desk.platform.push(kind, payload)
    await desk.platform.until(lambda: any(one["envelope_id"] == id for one in desk.platform.made("envelope")))
    return next(one for one in desk.platform.made("envelope") if one["envelope_id"] == id)


def slash(desk: Desk, words: str) -> dict[str, Any]:
    return {
        "command": "/mlops", "text": words, "user_id": LENA, "user_name": "lena", "team_id": TEAM, "channel_id": "C0ML",
        "channel_name": "ml", "trigger_id": desk.trigger(), "response_url": desk.platform.response_url(),
    }  # fmt: skip


async def test_conversations_over_a_socket(desk: Desk) -> None:
    task = asyncio.create_task(socket(desk).serve())
    await desk.platform.until(lambda: bool(desk.platform.sockets))
    answer = await answered(desk, "slash_commands", slash(desk, "define drift"))
    assert "drift" in words(answer["payload"]).lower()
    said = {"type": "message", "channel_type": "im", "channel": direct(LENA), "user": LENA, "text": "help"}
    event = {"type": "event_callback", "team_id": TEAM, "event_id": "Ev1", "event_time": 1, "event": said}
    for _ in range(2):  # the same event again has no second effect
        await answered(desk, "events_api", event)
    await desk.settled()
    assert len(desk.platform.made("chat.postMessage")) == 1
    await stopped(task)


async def test_a_second_process_waits_until_the_first_has_gone(desk: Desk) -> None:
    first = asyncio.create_task(socket(desk).serve())
    await desk.platform.until(lambda: len(desk.platform.sockets) == 1)
    second = asyncio.create_task(socket(desk).serve())
    await asyncio.sleep(0.3)
    assert len(desk.platform.sockets) == 1
    await stopped(first)
    await desk.platform.until(lambda: len(desk.platform.sockets) == 2)
    await stopped(second)


async def test_a_socket_that_has_died_silently_is_replaced(desk: Desk) -> None:
    reached = True

    async def reach() -> bool:
        return reached

    task = asyncio.create_task(socket(desk, reach=reach).serve())
    await desk.platform.until(lambda: len(desk.platform.sockets) == 1)
    reached = False
    await desk.platform.until(lambda: len(desk.platform.sockets) >= 2)
    await stopped(task)


async def test_after_three_tries_the_process_gives_up(desk: Desk) -> None:
    gave_up = asyncio.Event()
    desk.platform.fail("apps.connections.open", *[Fault(error="invalid_auth")] * 9)
    task = asyncio.create_task(socket(desk, on_dead=gave_up.set, connect_seconds=0.2).serve())
    await asyncio.wait_for(gave_up.wait(), 5)
    await stopped(task)


async def test_a_stopped_process_leaves_the_lock(desk: Desk) -> None:
    task = asyncio.create_task(socket(desk).serve())
    await desk.platform.until(lambda: bool(desk.platform.sockets))
    await stopped(task)
    assert await finished(desk.system.store.transact(lambda conn: locks.take(conn, LOCK, "another", 1)))


async def test_the_front_serves_a_socket_when_it_has_an_app_token(tmp_path) -> None:
    async with open_desk(tmp_path, slack_signing_secret=None, slack_app_token=SecretStr(APP_TOKEN)) as desk:
        assert desk.front.routes == []
        await desk.platform.until(lambda: True)
