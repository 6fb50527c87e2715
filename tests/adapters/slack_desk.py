"""A whole service behind signed requests: a person's side of Slack, over a loopback platform."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette

from adapters.settings import Settings
from adapters.slack.app import SlackFront, open_front
from adapters.wiring.system import System, assemble, wake_on_commit
from scheduler.ports import Messenger
from storage import tenancy
from storage.dialects import open_engine
from tests.content.samples import write
from tests.faults.slack_platform import BOT, SECRET, TOKEN, SlackPlatform, direct, encoded, signed
from tests.prepared import database, unsynced

Json = dict[str, Any]
TENANT, APP_TOKEN = "company", "xapp-loopback"
START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)  # a Monday


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


class Desk:
    """Sends what Slack would send."""

    def __init__(self, platform: SlackPlatform, system: System, front: SlackFront, clock: Clock) -> None:
        self.platform = platform
        self.system = system
        self.front = front
        self.clock = clock
        self._number = itertools.count(1)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=Starlette(routes=list(front.routes))), base_url="http://coach"
        )

    async def post(self, payload: Json) -> httpx.Response:
        body, kind = encoded(payload)
        return await self.http.post("/slack/events", content=body, headers={"content-type": kind, **signed(body)})

    async def slash(self, user: str, text: str, *, channel: str = "C0GENERAL", **more: Any) -> Json:
        response = await self.post(
            {
                "command": "/mlops", "text": text, "user_id": user, "user_name": user.lower(), "team_id": self.platform.team,
                "channel_id": channel, "channel_name": "general", "api_app_id": "A0COACH",
                "trigger_id": self.trigger(), "response_url": self.platform.response_url(), **more,
            }
        )  # fmt: skip
        assert response.status_code == 200, response.text
        return dict(response.json()) if response.content else {}

    def trigger(self) -> str:
        return f"13345224609.738474920.{next(self._number)}"

    async def interact(self, user: str, kind: str, **more: Any) -> Json:
        payload = {
            "type": kind, "team": {"id": self.platform.team, "domain": "northwind"}, "api_app_id": "A0COACH",
            "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": self.platform.team},
            "trigger_id": self.trigger(), **more,
        }  # fmt: skip
        response = await self.post(payload)
        assert response.status_code == 200, response.text
        return dict(response.json()) if response.content else {}

    async def press(self, user: str, message: Json, label: str) -> Json:
        """Press the button of that label on a message in the person's direct conversation."""
        element = next(one for one in buttons(message) if one["text"]["text"].startswith(label))
        channel = message.get("channel", direct(user))
        return await self.interact(
            user,
            "block_actions",
            container={"type": "message", "message_ts": message.get("ts", ""), "channel_id": channel},
            channel={"id": channel, "name": "directmessage"},
            message=message,
            response_url=self.platform.response_url(),
            actions=[{**element, "type": "button", "action_ts": "1"}],
        )

    async def submit(self, user: str, view: Json, **values: Json) -> Json:
        """Submit a modal; ``values`` are elements by field name, over what the form already holds."""
        held = {one["block_id"]: _held(one["element"]) for one in view["blocks"] if one["type"] == "input"}
        state = {name: {name: element} for name, element in {**held, **values}.items()}
        return await self.interact(user, "view_submission", view={**view, "id": "V1", "state": {"values": state}})

    async def event(self, event: Json, **more: Any) -> httpx.Response:
        payload = {
            "type": "event_callback", "team_id": self.platform.team, "api_app_id": "A0COACH", "event": event,
            "event_id": f"Ev{next(self._number)}", "event_time": int(self.clock.now.timestamp()), **more,
        }  # fmt: skip
        return await self.post(payload)

    async def say(self, user: str, text: str) -> httpx.Response:
        """Type in the direct conversation with the bot."""
        return await self.event(
            {"type": "message", "channel_type": "im", "channel": direct(user), "user": user, "text": text, "ts": "1.1"}
        )

    async def tick(self, **by: float) -> None:
        self.clock.move(**by)
        await self.system.ticker.tick(self.clock.now)
        await self.system.drainer.drain()

    async def settled(self) -> None:
        """Let what follows the answers end."""
        while self.front._turns._running:
            await asyncio.wait(set(self.front._turns._running))


class SocketDesk(Desk):
    """The same person, and Slack speaks to us through a socket."""

    async def post(self, payload: Json) -> httpx.Response:
        kinds = {"event_callback": "events_api", "url_verification": "events_api"}
        kind = "slash_commands" if "command" in payload else kinds.get(payload.get("type", ""), "interactive")
        id = await self.platform.push(kind, payload)
        acknowledged: list[Json] = []

        def has_come() -> bool:
            acknowledged[:] = [one for one in self.platform.made("envelope") if one["envelope_id"] == id]
            return bool(acknowledged)

        await self.platform.until(has_come)
        body = acknowledged[0].get("payload")
        return httpx.Response(200, json=body) if body else httpx.Response(200)


def buttons(message: Json) -> list[Json]:
    return [
        element
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element["type"] == "button"
    ]


def words(message: Json) -> str:
    """Every word of a message or view."""
    return json.dumps(message.get("blocks", message), ensure_ascii=False) + str(message.get("text", ""))


def _held(element: Json) -> Json:
    """What Slack sends for an input nobody touched."""
    found: Json = {"type": element["type"]}
    for initial, key in (
        ("initial_option", "selected_option"), ("initial_options", "selected_options"), ("initial_value", "value"),
        ("initial_time", "selected_time"), ("initial_date", "selected_date"), ("initial_user", "selected_user"),
    ):  # fmt: skip
        if initial in element:
            found[key] = element[initial]
    return found


def settings(platform: SlackPlatform, **more: Any) -> Settings:
    values: dict[str, Any] = {
        "slack_bot_token": SecretStr(TOKEN),
        "slack_signing_secret": SecretStr(SECRET),
        "slack_api_url": platform.api_url,
        **more,
    }
    return Settings(_env_file=None, **values)


@asynccontextmanager
async def open_socket_desk(folder: Path, **more: Any) -> AsyncIterator[Desk]:
    """A desk whose server has no address: the front opens a socket, and everything comes through it."""
    token = SecretStr(APP_TOKEN)
    async with open_desk(folder, made=SocketDesk, slack_signing_secret=None, slack_app_token=token, **more) as desk:
        await desk.platform.until(lambda: bool(desk.platform.sockets))
        yield desk


@asynccontextmanager
async def open_desk(
    folder: Path, *, pack: Path | None = None, made: type[Desk] = Desk, **more: Any
) -> AsyncIterator[Desk]:
    """A desk over a fresh database and a fresh platform."""
    async with (
        SlackPlatform().serve() as platform,
        open_desk_at(platform, folder, pack=pack, made=made, **more) as desk,
    ):
        yield desk


@asynccontextmanager
async def open_desk_at(
    platform: SlackPlatform, folder: Path, *, pack: Path | None = None, made: type[Desk] = Desk, **more: Any
) -> AsyncIterator[Desk]:
    """The same over a platform that is there already."""
    clock = Clock()
    messengers: dict[str, Messenger] = {}
    taught = pack or write(folder / "pack", {})
    engine = unsynced(open_engine(database(folder / "coach.db", taught)))
    system = assemble(engine, clock=clock, messengers=messengers, folder=taught, look_up_after=0.0)
    system.store.transact(lambda conn: tenancy.add_tenant(conn, TENANT, "Northwind", "secret", START)).result()
    platform.tokens.add(APP_TOKEN)
    front = open_front(settings(platform, **more), system.app, system.store, clock, tenant=TENANT)
    messengers[front.platform] = front.messenger
    wake_on_commit(system, asyncio.get_running_loop())
    await front.start()
    desk = made(platform, system, front, clock)
    try:
        yield desk
    finally:
        await desk.settled()
        await desk.http.aclose()
        await front.stop()
        system.store.close()


__all__ = ["BOT", "Clock", "Desk", "buttons", "direct", "open_desk", "settings", "words"]


def member_of(desk: Desk, workspace: str, account: str) -> str:
    """The member behind a Slack account."""
    actor = desk.system.store.read(TENANT, lambda parts: parts.people.actor(workspace, account)).result()
    assert actor is not None, f"we have not met {account}"
    return actor.member
