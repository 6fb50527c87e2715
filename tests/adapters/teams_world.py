"""The whole product behind the Teams door: real core, real database, signed activities, a connector on loopback."""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette

from adapters.settings import Settings
from adapters.teams import presses
from adapters.teams.cloud import emulated
from adapters.teams.front import TeamsFront
from adapters.wiring.system import System, assemble, wake_on_commit
from content import loader
from storage import tenancy
from storage.dialects import open_engine
from tests.contracts import adaptive_cards
from tests.faults.teams_platform import APP_ID, BOT, TENANT_ID, TeamsPlatform
from tests.prepared import database, unsynced

Json = dict[str, Any]
PAYLOADS = Path(__file__).parents[1] / "payloads" / "teams"
TENANT = "acme"
MONDAY = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))


def settings(**more: Any) -> Settings:
    given = {
        "teams_app_id": APP_ID,
        "teams_tenant_id": TENANT_ID,
        "teams_app_secret": SecretStr("not-a-real-secret"),
        "zone": "Europe/Berlin",
        "company": "Acme",
    }
    return Settings(_env_file=None, **{**given, **more})


class World:
    """One Teams tenant. People are short words; each has a directory id, a user id and their own chat."""

    def __init__(self, platform: TeamsPlatform, system: System, front: TeamsFront, client: httpx.AsyncClient) -> None:
        self.platform = platform
        self.system = system
        self.front = front
        self.client = client
        self.now = MONDAY
        self._ids = itertools.count(1)

    # ---- sending

    async def send(self, activity: Json, *, token: str | None = None, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.platform.token()}"}
        response = await self.client.post("/api/messages", json=activity, headers=headers, **more)
        if response.status_code == 200 and response.content:
            check_all(response.json())
        return response

    def activity(self, name: str, who: str = "ana", **changes: Any) -> Json:
        """A payload file as if this person had sent it now; ``changes`` replace top-level keys."""
        made = copy.deepcopy(payload(name))
        made["serviceUrl"] = self.platform.service
        made["id"] = f"{name}-{next(self._ids)}"
        made["recipient"] = {"id": BOT, "name": "MLOps coach"}
        made["from"] = {"id": f"29:{who}", "name": f"{who.title()} Doe", "aadObjectId": f"dir-{who}"}
        if made["conversation"].get("conversationType") == "personal":
            made["conversation"]["id"] = direct(who)
        made["conversation"]["tenantId"] = TENANT_ID
        made.setdefault("channelData", {})["tenant"] = {"id": TENANT_ID}
        made.update(changes)
        return dict(made)

    async def say(self, text: str, who: str = "ana", name: str = "message_personal") -> list[Json]:
        """Type in the own chat; the messages that came back there."""
        before = len(self.platform.messages(direct(who)))
        response = await self.send(self.activity(name, who, text=text))
        assert response.status_code == 200, response.text
        await self.settle()
        return self.platform.messages(direct(who))[before:]

    async def press(self, data: Json, who: str = "ana", name: str = "invoke_card", **changes: Any) -> Any:
        """Press a button or send a form; the body of the reply. A button made for one asks for a dialog."""
        activity = self.activity(name, who, **changes)
        if presses.asks_for_a_dialog(data):
            activity |= {"name": "task/fetch", "value": {"data": data}}
        else:
            activity["value"]["action"]["data"] = data
            activity["value"]["action"]["verb"] = data.get("action", "")
        response = await self.send(activity)
        assert response.status_code == 200, response.text
        await self.settle()
        return response.json()

    async def invoke(self, name: str, value: Json, who: str = "ana") -> Any:
        response = await self.send(self.activity(name, who, value=value))
        assert response.status_code == 200, response.text
        await self.settle()
        return response.json()

    async def settle(self) -> None:
        """Until everything said and due has been sent."""
        while self.front._voice._speaking:
            await asyncio.gather(*self.front._voice._speaking)
        await self.system.drainer.drain()

    async def move(self, **by: float) -> None:
        """Move the clock, tick and send."""
        self.now += timedelta(**by)
        await self.system.ticker.tick(self.now)
        await self.settle()


def direct(who: str) -> str:
    return f"a:direct-29:{who}"


@asynccontextmanager
async def world(folder: Path, **more: Any) -> AsyncIterator[World]:
    """A running system over a fresh database."""
    platform = TeamsPlatform()
    await platform.start()
    engine = unsynced(open_engine(database(folder / "coach.db", loader.CORE)))
    messengers: dict[str, Any] = {}
    box: list[World] = []
    clock = lambda: box[0].now if box else MONDAY  # noqa: E731
    system = assemble(engine, clock=clock, messengers=messengers, look_up_after=0.0)
    system.store.transact(lambda conn: tenancy.add_tenant(conn, TENANT, "Acme", secrets.token_hex(8), MONDAY)).result()
    front = TeamsFront(
        settings(**more),
        app=system.app,
        store=system.store,
        clock=system.clock,
        tenant=TENANT,
        cloud=emulated(platform.base),
    )
    messengers["teams"] = front.messenger
    await front.start()
    wake_on_commit(system, asyncio.get_running_loop())
    transport = httpx.ASGITransport(Starlette(routes=list(front.routes)))
    async with httpx.AsyncClient(transport=transport, base_url="http://coach") as client:
        box.append(World(platform, system, front, client))
        await system.ticker.tick(MONDAY)
        try:
            yield box[0]
        finally:
            await front.stop()
            system.store.close()
            await platform.stop()
        check_all([one.activity for one in platform.posted])


def check_all(shown: Any) -> None:
    """Every card in what was sent or replied, wherever it stands in it."""
    if isinstance(shown, dict):
        if shown.get("type") == "AdaptiveCard":
            adaptive_cards.check(shown)
        else:
            check_all(list(shown.values()))
    elif isinstance(shown, list):
        for one in shown:
            check_all(one)


def cards(shown: Json | list[Json]) -> list[Json]:
    """The cards of messages, or of a reply."""
    if isinstance(shown, list):
        return [card for one in shown for card in cards(one)]
    if str(shown.get("type", "")).startswith("application/vnd.microsoft.card"):
        return [shown["value"]]
    if "task" in shown:
        return [shown["task"]["value"]["card"]["content"]] if shown["task"]["type"] == "continue" else []
    return [one["content"] for one in shown.get("attachments", [])]


def buttons(card: Json) -> dict[str, Json]:
    """Data of everything on the card that can be pressed, by its words."""
    return dict(adaptive_cards.actions(card))


def words(shown: Any) -> str:
    """Everything a person reads."""
    if isinstance(shown, list):
        return " ".join(words(one) for one in shown)
    if not isinstance(shown, dict):
        return ""
    own = [str(shown[key]) for key in ("text", "title", "summary") if isinstance(shown.get(key), str)]
    if isinstance(shown.get("value"), str) and shown.get("type", "").startswith("application/"):
        own.append(shown["value"])
    rest = [words(value) for key, value in shown.items() if key not in {"fallback", "data"}]
    return " ".join([*own, *rest])
