"""The server as `mlops-coach serve` makes it, with Slack set up: migrated, started, answering, stopped."""

from __future__ import annotations

import json

import httpx
import pytest
from pydantic import SecretStr

from adapters.wiring import serving
from adapters.wiring.system import Unusable
from tests.adapters.slack_desk import settings, words
from tests.content.samples import write
from tests.faults.slack_platform import TEAM, SlackPlatform, encoded, signed


async def test_serve_answers_a_signed_command_and_welcomes(tmp_path) -> None:
    async with SlackPlatform().serve() as platform:
        own = settings(platform, database_url=f"sqlite:///{tmp_path}/coach.db", pack=write(tmp_path / "pack", {}))
        app = serving.serving(own)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://coach") as http,
        ):
            assert (await http.get("/readyz")).status_code == 200
            slash = {
                "command": "/mlops",
                "text": "help",
                "user_id": "U0LENA",
                "user_name": "lena",
                "team_id": TEAM,
                "channel_id": "C1",
                "channel_name": "general",
                "trigger_id": "1.2.3",
                "response_url": platform.response_url(),
            }
            body, kind = encoded(slash)
            answer = await http.post("/slack/events", content=body, headers={"content-type": kind, **signed(body)})
            assert answer.status_code == 200
            assert "define" in words(json.loads(answer.text))
            await platform.until(lambda: bool(platform.made("chat.postMessage")))
        assert platform.made("conversations.open") == [{"users": "U0LENA"}]


async def test_serve_without_a_way_in_says_what_to_set(tmp_path) -> None:
    async with SlackPlatform().serve() as platform:
        own = settings(
            platform,
            database_url=f"sqlite:///{tmp_path}/coach.db",
            pack=write(tmp_path / "pack", {}),
            slack_signing_secret=None,
        )
        with pytest.raises(Unusable, match="MLOPS_SLACK_SIGNING_SECRET"):
            serving.serving(own)


async def test_a_refused_token_ends_the_start_with_a_sentence(tmp_path) -> None:
    async with SlackPlatform().serve() as platform:
        own = settings(
            platform,
            database_url=f"sqlite:///{tmp_path}/coach.db",
            pack=write(tmp_path / "pack", {}),
            slack_bot_token=SecretStr("xoxb-wrong"),
        )
        app = serving.serving(own)
        with pytest.raises(Exception, match="MLOPS_SLACK_BOT_TOKEN"):
            async with app.router.lifespan_context(app):
                pass
