"""A playground to talk to, without a socket: its application, a client that holds the token, and restarts."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from adapters.wiring.playground import playground
from adapters.wiring.system import System
from storage.schema import metadata
from tests.content.samples import write

PORT = 8080
HOST = f"http://127.0.0.1:{PORT}"
TOKEN = "a-token-for-tests"
MONDAY = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)  # 08:00 in Berlin


@dataclass
class Play:
    """One running playground, as a person or a program uses it."""

    url: str
    pack: Path
    colleagues: bool = False
    stack: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def start(self) -> None:
        made = playground(
            self.url,
            port=PORT,
            start=MONDAY,
            colleagues=self.colleagues,
            token=TOKEN,
            folder=self.pack,
            prepare=metadata.create_all,
        )
        self.app: Starlette = made[0]
        self.system: System = made[2]
        await self.stack.enter_async_context(self.app.router.lifespan_context(self.app))
        self.client = await self.stack.enter_async_context(self.visitor(authorization=f"Bearer {TOKEN}"))

    async def stop(self) -> None:
        await self.stack.aclose()
        self.stack = contextlib.AsyncExitStack()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def visitor(self, host: str = HOST, **headers: str) -> httpx.AsyncClient:
        """Somebody who knocks, with these headers and no more."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url=host, headers=headers)

    async def get(self, path: str, **query: object) -> Any:
        answer = await self.client.get(path, params={name.rstrip("_"): str(value) for name, value in query.items()})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, status: int = 200, **body: object) -> Any:
        sent = {name.rstrip("_"): value for name, value in body.items()}
        answer = await self.client.post(path, json=sent)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def say(self, who: str, text: str, place: str | None = None, **more: Any) -> Any:
        return await self.post("/api/say", as_=who, place=place or f"dm:{who}", text=text, wait=True, **more)

    async def messages(self, who: str, place: str | None = None, **more: object) -> Any:
        return (await self.get("/api/messages", as_=who, place=place or f"dm:{who}", **more))["messages"]

    async def move(self, to: str, **more: Any) -> Any:
        return await self.post("/api/clock", to=to, wait=True, **more)


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small pack and the database of a playground that was started once with it."""
    folder = tmp_path_factory.mktemp("playground")
    pack = write(folder / "pack", {})
    url = f"sqlite:///{folder / 'first.db'}"
    _, _, system = playground(url, port=PORT, start=MONDAY, folder=pack, prepare=metadata.create_all)
    system.store.close()
    return folder


@pytest.fixture
async def open_play(tmp_path: Path, first_start: Path) -> AsyncIterator[Callable[..., Any]]:
    """``await open_play(colleagues=True)``: a playground of this test's own, stopped after it."""
    opened: list[Play] = []

    async def start(*, colleagues: bool = False) -> Play:
        path = tmp_path / f"play-{len(opened)}.db"
        shutil.copy(first_start / "first.db", path)
        play = Play(f"sqlite:///{path}", first_start / "pack", colleagues)
        opened.append(play)
        await play.start()
        return play

    yield start
    for play in opened:
        await play.stop()


@pytest.fixture
async def play(open_play: Callable[..., Any]) -> Play:
    made: Play = await open_play()
    return made


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own pace towards Teams is not waited for; its tests are those of sending."""
    from adapters.teams import pace

    monkeypatch.setattr(pace, "CONVERSATION_SECONDS", 0.0)
    monkeypatch.setattr(pace, "LANE_SECONDS", 1e-9)
