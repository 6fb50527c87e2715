"""Secrets are planted everywhere they pass through a server; afterwards none of them is in its log or in its metrics.

The same records, written by an ordinary formatter beside ours, hold most of them: that is the negative control.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import logging
import re
import time
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from adapters import logs, metrics
from adapters.cli import app as shell
from adapters.settings import Settings
from adapters.slack.keys import new_key
from adapters.teams import cloud
from adapters.wiring import serving
from bot.app import App
from storage.dialects import open_engine
from tests.adapters.teams_world import World
from tests.content.samples import write
from tests.faults.slack_platform import TEAM, SlackPlatform, direct, encoded, signed
from tests.faults.slack_platform import Fault as Lost
from tests.faults.teams_platform import APP_ID, TENANT_ID, Fault, TeamsPlatform

TEXT = "planted-text-71c4"
NAME = "Planted-Name-82d5"
MAIL = "planted-93e6@example.com"
BOT_TOKEN = "xoxb-planted-04f7"
APP_TOKEN = "xapp-planted-15a8"
SIGNING = "planted26b937c048d159e260f371a482"
CLIENT_SECRET = "planted-client-37c0"
CODE = "planted-code-48d1"
TEAMS_SECRET = "planted-teams-59e2"
TEAMS_TOKEN = "tplanted-60f3"
PASSWORD = "planted-password-71a4"
FILE = "planted-file-82b5"
TICKET = "planted-ticket-93c6"
PLANTED = (
    TEXT, NAME, MAIL, BOT_TOKEN, APP_TOKEN, SIGNING, CLIENT_SECRET, CODE, TEAMS_SECRET, TEAMS_TOKEN, PASSWORD, FILE, TICKET,
)  # fmt: skip
AN_ORDINARY_LOG_HOLDS = {TEXT, NAME, MAIL, CODE, CLIENT_SECRET, PASSWORD, FILE, TICKET}


class Echoing(SlackPlatform):
    """A Slack in trouble: it answers with what it was sent, in the place of its word for the error."""

    status = 0  # of the next answer
    refuses_files = False

    async def _api(self, request: web.Request) -> web.StreamResponse:
        if not self.status:
            return await super()._api(request)
        status, self.status = self.status, 0
        await self._note("echo", {})
        return web.json_response({"ok": False, "error": f"{await request.text()} {NAME} {MAIL}"}, status=status)

    async def _upload(self, request: web.Request) -> web.Response:
        if not self.refuses_files:
            return await super()._upload(request)
        await self._note("refused file", {})
        return web.Response(text=f"{await request.text()} {FILE}", status=500)

    def do_apps_connections_open(self, arguments):
        opened = super().do_apps_connections_open(arguments)
        return {**opened, "url": f"{opened['url']}?ticket={TICKET}"}

    def do_users_info(self, _arguments):
        profile = {"email": MAIL, "real_name": NAME, "display_name": NAME}
        return {"ok": True, "user": {"name": NAME, "real_name": NAME, "profile": profile, "tz": "Europe/Berlin"}}


class Teams(TeamsPlatform):
    """A Teams whose token for us can be told from any other."""

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        assert form["client_secret"] == TEAMS_SECRET
        return web.json_response({"access_token": TEAMS_TOKEN, "expires_in": 3600})


class Wire:
    """Both platforms before one server as ``serve`` makes it, and everything it wrote."""

    def __init__(self, app: Any, slack: Echoing, teams: TeamsPlatform, ours: io.StringIO, plain: io.StringIO) -> None:
        self.app, self.slack, self.ours, self.plain = app, slack, ours, plain
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url="http://coach"
        )
        self.teams = World(teams, None, None, self.http)  # type: ignore[arg-type]
        self._number = itertools.count(1)

    async def post(self, payload: dict[str, Any], secret: str = SIGNING) -> int:
        body, kind = encoded(payload)
        headers = {"content-type": kind, **signed(body, secret=secret)}
        return (await self.http.post("/slack/events", content=body, headers=headers)).status_code

    def command(self, words: str, user: str = "U0LENA") -> dict[str, Any]:
        return {
            "command": "/mlops", "text": words, "user_id": user, "user_name": NAME, "team_id": TEAM, "channel_id": "C1",
            "channel_name": NAME, "trigger_id": f"1.2.{next(self._number)}", "response_url": self.slack.response_url(),
        }  # fmt: skip

    async def slash(self, words: str, user: str = "U0LENA") -> None:
        assert await self.post(self.command(words, user)) == 200

    async def say(self) -> None:
        event = {"type": "message", "channel_type": "im", "channel": direct("U0LENA"), "user": "U0LENA", "text": TEXT}
        about = {"type": "event_callback", "team_id": TEAM, "event_id": f"Ev{next(self._number)}", "event_time": 1}
        assert await self.post({**about, "event": {**event, "ts": "1.1"}}) == 200

    async def write(self, words: str, token: str | None = None) -> int:
        return (await self.teams.send(self.teams.activity("message_personal", text=words), token=token)).status_code

    async def scrape(self) -> str:
        transport = httpx.ASGITransport(app=self.app.state.metrics)
        async with httpx.AsyncClient(transport=transport, base_url="http://metrics") as http:
            return (await http.get("/metrics")).text


@pytest.fixture
async def wire(tmp_path, monkeypatch):
    """DEBUG everywhere, also for the libraries that we keep silent otherwise."""
    ours, plain = io.StringIO(), io.StringIO()
    ordinary = logging.StreamHandler(plain)
    monkeypatch.setattr(metrics, "FRESH_SECONDS", 0.0)
    for name in ("adapters.slack.bolt", "adapters.slack.sdk", "uvicorn.error"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
    async with AsyncExitStack() as stack:
        stack.enter_context(logs.written("json", "debug", to=ours))
        logging.getLogger().addHandler(ordinary)
        stack.callback(logging.getLogger().removeHandler, ordinary)
        slack = Echoing()
        await stack.enter_async_context(slack.serve())
        slack.tokens |= {BOT_TOKEN, APP_TOKEN}
        teams = Teams()
        await teams.start()
        stack.push_async_callback(teams.stop)
        monkeypatch.setitem(cloud.CLOUDS, "public", cloud.emulated(teams.base))
        settings = Settings(
            _env_file=None,
            database_url=f"sqlite:///{tmp_path}/coach.db",
            backups=tmp_path / "backups",
            pack=write(tmp_path / "pack", {}),
            slack_api_url=slack.api_url,
            slack_bot_token=SecretStr(BOT_TOKEN),
            slack_signing_secret=SecretStr(SIGNING),
            slack_app_token=SecretStr(APP_TOKEN),
            slack_client_id="1.2",
            slack_client_secret=SecretStr(CLIENT_SECRET),
            slack_token_keys=SecretStr(new_key()),
            public_url="http://coach",
            teams_app_id=APP_ID,
            teams_tenant_id=TENANT_ID,
            teams_app_secret=SecretStr(TEAMS_SECRET),
        )
        app = serving.serving(settings)
        await stack.enter_async_context(app.router.lifespan_context(app))
        made = Wire(app, slack, teams, ours, plain)
        await stack.enter_async_context(made.http)
        yield made


def _failing(run, kind):
    """A handler that fails with what it was given in its message: of its own, and from the driver."""

    def failing(self, call, ctx):
        if kind[0] == "raises":
            raise RuntimeError(f"cannot do {TEXT} for {NAME} <{MAIL}> with {FILE}") from ValueError(TEXT)
        if kind[0] == "driver":
            ctx.store.people._conn.execute(text("SELECT :said, :mail FROM nowhere"), {"said": TEXT, "mail": MAIL})
        return run(self, call, ctx)

    return failing


async def test_nothing_planted_is_written(wire, monkeypatch) -> None:
    failing = [""]
    monkeypatch.setattr(App, "_run", _failing(App._run, failing))
    await _ordinary_days(wire)
    await _trouble_on_slack(wire, failing)
    await _trouble_on_teams(wire, failing)
    _trouble_with_the_database()
    _what_a_library_writes()
    scraped = await _complete(wire)
    ours, plain = wire.ours.getvalue(), wire.plain.getvalue()
    assert {one for one in PLANTED if one in ours} == set()
    assert {one for one in PLANTED if one in scraped} == set()
    assert {one for one in PLANTED if one in plain} >= AN_ORDINARY_LOG_HOLDS, "the negative control"
    assert not {TEAM, "U0LENA", "U0NEW", "C1", TENANT_ID} & set(re.findall(r'"([^"]*)"', scraped)), "nobody is a label"
    failed = [line for line in map(json.loads, ours.splitlines()) if line["event"] == "a turn failed"]
    assert {line["error"] for line in failed} == {"builtins.RuntimeError", "sqlalchemy.exc.OperationalError"}
    assert all(line["incident"] and any(place.startswith("bot.app:") for place in line["trace"]) for line in failed)


# What happened here was counted all the same.
SEEN = (
    'inbound_total{kind="typed",platform="slack",result="failed"} 2.0',
    'inbound_total{kind="typed",platform="teams",result="failed"} 2.0',
    'authz_denied_total{platform="slack"} 1.0',
    'signature_rejected_total{platform="slack",reason="signature wrong"} 1.0',
    'signature_rejected_total{platform="slack",reason="content type"} 1.0',
    'signature_rejected_total{platform="teams",reason="InvalidSignatureError"} 1.0',
    'platform_calls_total{platform="slack",status="5xx"}',
    'platform_calls_total{platform="teams",status="5xx"} 1.0',
    'deliveries_total{platform="slack",result="unknown"} 1.0',
    'dwell_seconds_count{platform="slack"}',
    'ack_seconds_count{platform="teams",status="4xx"} 1.0',
    'outbox_depth{state="unknown"}',
    "scheduler_lag_seconds ",
    "store_up 1.0",
)


async def _complete(wire: Wire) -> str:
    """The metrics, when everything in them is as it must be: sending and ticks come behind the answers."""
    scraped, missing, until = "", [*SEEN], time.monotonic() + 20
    while missing and time.monotonic() < until:
        await asyncio.sleep(0.05)
        scraped = await wire.scrape()
        missing = [one for one in SEEN if one not in scraped]
    assert missing == []
    return scraped


async def _ordinary_days(wire: Wire) -> None:
    await wire.slash(f"define {TEXT}")
    await wire.say()
    await wire.slash("privacy export")
    await wire.slack.until(lambda: bool(wire.slack.made("files.completeUploadExternal")))
    assert any(NAME.encode() in body for body in wire.slack.files.values()), "what is known of a person is in the file"
    await wire.slack.until(lambda: bool(wire.slack.sockets))
    await wire.slack.push("slash_commands", wire.command(TEXT))
    await wire.slack.until(lambda: bool(wire.slack.made("envelope")))
    assert await wire.write(TEXT) == 200
    started = await wire.http.get("/slack/install")
    state = httpx.URL(started.headers["location"]).params["state"]
    assert (await wire.http.get("/slack/oauth", params={"state": state, "code": CODE})).status_code == 502


async def _trouble_on_slack(wire: Wire, failing: list[str]) -> None:
    await wire.slash(f"admin enrol {TEXT}")
    for failing[0] in ("raises", "driver"):
        await wire.slash(f"settings {TEXT}")
    failing[0] = ""
    wrong = signed(TEXT.encode(), secret="another"), signed(TEXT.encode(), secret=SIGNING)
    refused = [(await wire.http.post("/slack/events", content=TEXT, headers=headers)).status_code for headers in wrong]
    assert refused == [401, 415]
    for wire.slack.status in (500, 200, 429):
        await wire.slash(f"suggest {TEXT}")
        await wire.slack.until(lambda: not wire.slack.status)
    wire.slack.refuses_files = True
    await wire.slash("privacy export")
    await wire.slack.until(lambda: bool(wire.slack.made("refused file")))
    wire.slack.fail("chat.postMessage", Lost(lost=True))
    await wire.slash("help", "U0NEW")


async def _trouble_on_teams(wire: Wire, failing: list[str]) -> None:
    wire.teams.platform.faults += [Fault(status=500, code=f"{TEXT} {MAIL}"), Fault(status=403, code=f"{NAME}: {TEXT}")]
    for failing[0] in ("raises", "driver"):
        assert await wire.write(f"settings {TEXT}") == 200
    failing[0] = ""
    async with asyncio.timeout(20):
        while wire.teams.platform.faults:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
    forged = wire.teams.platform.token().rpartition(".")[0] + ".cGxhbnRlZA"
    assert await wire.write(TEXT, forged) == 401
    assert forged not in wire.ours.getvalue()


def _trouble_with_the_database() -> None:
    """An address with its password, in what goes wrong with it and in what somebody makes of that."""
    url = f"postgresql+psycopg://coach:{PASSWORD}@127.0.0.1:1/coach"
    try:
        open_engine(url).connect()
    except OperationalError:
        try:
            raise RuntimeError(f"no database at {url}")
        except RuntimeError:
            serving.log.exception("the store could not be read")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://coach:{PASSWORD}@127.0.0.1:1/coach",
        f"postgresql+psycopg://coach:{PASSWORD}/x@127.0.0.1/coach",
        f"postgresql+psycopg://coach:x:{PASSWORD}",
        f"postgresql+nosuchdriver://coach:{PASSWORD}@127.0.0.1/coach",
        PASSWORD,
    ],
)
def test_a_database_that_cannot_be_used_is_a_sentence_without_its_password(url, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {"DATABASE_URL": url, "SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_SIGNING_SECRET": SIGNING}.items():
        monkeypatch.setenv(f"MLOPS_{name}", value)
    done = CliRunner().invoke(shell, ["serve", "--port", "0"])
    assert done.exit_code == 1
    assert done.output.strip()
    assert "Traceback" not in done.output
    assert not [one for one in PLANTED if one in done.output]


def _what_a_library_writes() -> None:
    """More than it should, under a logger that we gave it too, with fields of ours, at every level."""
    line = "log.log(level, f'{said}', extra={'reason': said, 'kind': said, 'said': said}, stack_info=True)"
    code = compile(line, "/lib/library.py", "exec")
    for name in ("library", "adapters.slack.bolt"):
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
            exec(code, {"log": logging.getLogger(name), "level": level, "said": f"{TEXT} {FILE}"})
