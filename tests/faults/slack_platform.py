"""A loopback Slack: enough of the Web API to talk to, and every way of failing on demand."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from aiohttp import WSMsgType, web

Json = dict[str, Any]
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TOKEN = "xoxb-loopback"
TEAM, BOT, APP = "T0COACH", "U0BOT", "A0COACH"


class Fault:
    """How one call fails. ``arrives``: the effect happens all the same, and only the answer is bad."""

    def __init__(
        self,
        *,
        error: str = "",
        status: int = 200,
        headers: dict[str, str] | None = None,
        slow: float = 0.0,
        lost: bool = False,
        garbled: bool = False,
        arrives: bool = False,
    ) -> None:
        self.error = error
        self.status = status
        self.headers = headers or {}
        self.slow = slow
        self.lost = lost
        self.garbled = garbled
        self.arrives = arrives or lost or garbled


class SlackPlatform:
    """Calls that came, messages that stand, and what goes wrong next."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Json]] = []
        self.messages: dict[str, list[Json]] = defaultdict(list)  # by channel
        self.responses: list[Json] = []  # bodies posted to a response_url
        self.files: dict[str, bytes] = {}
        self.shared: dict[str, list[Json]] = defaultdict(list)  # messages that hold a file, by channel
        self.codes: dict[str, str] = {}  # tokens by the code that is exchanged for them
        self.lasts = 0  # seconds until a token runs out; 0 for never
        self.refreshed: list[str] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.users: dict[str, Json] = {}
        self.channels: dict[str, str] = {}  # names by id, where we may know them
        self.tokens = {TOKEN}
        self.team, self.bot = TEAM, BOT
        self.url = ""
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        self._number = itertools.count(1)
        self._heard = asyncio.Condition()

    def fail(self, method: str, *faults: Fault) -> None:
        """The next calls of ``method`` fail like this, one after the other."""
        self._faults[method] += faults

    def made(self, method: str) -> list[Json]:
        return [arguments for name, arguments in self.calls if name == method]

    async def until(self, holds: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait for something to be called."""
        async with asyncio.timeout(seconds), self._heard:
            await self._heard.wait_for(holds)

    def standing(self, channel: str) -> list[Json]:
        """Messages of a conversation, oldest first."""
        return self.messages[channel]

    # ---- the server

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[SlackPlatform]:
        app = web.Application(client_max_size=2**20)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/response/{id}", self._response)
        app.router.add_post("/upload/{id}", self._upload)
        app.router.add_get("/socket", self._serve_socket)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    def response_url(self) -> str:
        return f"{self.url}/response/{next(self._number)}"

    async def _note(self, method: str, arguments: Json) -> None:
        async with self._heard:
            self.calls.append((method, arguments))
            self._heard.notify_all()

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        arguments = await _arguments(request)
        fault = self._faults[method].pop(0) if self._faults[method] else None
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        answer: Json = {"ok": False, "error": "invalid_auth"}
        if token in self.tokens or method in {"oauth.v2.access", "api.test"}:
            answer = {"ok": True} if fault is not None and not fault.arrives else self._do(method, arguments)
        await self._note(method, arguments)
        if fault is None:
            return web.json_response(answer)
        await asyncio.sleep(fault.slow)
        if fault.lost:
            assert request.transport is not None
            request.transport.abort()
        if fault.garbled:
            return web.Response(text="{not json", content_type="application/json")
        body = {"ok": False, "error": fault.error} if fault.error else answer
        if fault.status >= 500:
            return web.Response(status=fault.status, text="upstream gone", headers=fault.headers)
        return web.json_response(body, status=fault.status, headers=fault.headers)

    def _do(self, method: str, arguments: Json) -> Json:
        do = getattr(self, "do_" + method.replace(".", "_"), None)
        return do(arguments) if do else {"ok": True}

    async def _response(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.responses.append(body)
        await self._note("response_url", body)
        return web.Response(text="ok")

    async def _upload(self, request: web.Request) -> web.Response:
        self.files[request.match_info["id"]] = await request.read()
        return web.Response(text="OK")

    # ---- sockets

    async def _serve_socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self.sockets.append(socket)
        await self._note("socket", {})
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                answer = json.loads(message.data)
                await self._note("envelope", answer)
        return socket

    async def push(self, kind: str, payload: Json) -> str:
        """Send an envelope through the newest socket; its id."""
        id = f"env-{next(self._number)}"
        await self.sockets[-1].send_json(
            {"type": kind, "envelope_id": id, "payload": payload, "accepts_response_payload": True}
        )
        return id

    # ---- methods

    def do_apps_connections_open(self, _arguments: Json) -> Json:
        return {"ok": True, "url": f"{self.url.replace('http', 'ws')}/socket"}

    def do_oauth_v2_access(self, arguments: Json) -> Json:
        if arguments.get("grant_type") == "refresh_token":
            return self._refreshed(arguments)
        token = self.codes.pop(arguments["code"], None)
        if token is None or arguments["client_secret"] != "client-secret":
            return {"ok": False, "error": "invalid_code"}
        self.tokens.add(token)
        lasting = {"refresh_token": f"{token}-r", "expires_in": self.lasts} if self.lasts else {}
        return {
            **lasting,
            "ok": True, "access_token": token, "token_type": "bot", "scope": "chat:write,commands", "bot_user_id": BOT,
            "app_id": "A0COACH", "team": {"id": "T0SECOND", "name": "Second"}, "enterprise": None,
            "authed_user": {"id": "U0ADMIN"}, "is_enterprise_install": False,
        }  # fmt: skip

    def _refreshed(self, arguments: Json) -> Json:
        """A refresh token works once; the token it gives is the next of its line."""
        used = arguments["refresh_token"]
        token = used.removesuffix("-r")
        if token not in self.tokens or used in self.refreshed:
            return {"ok": False, "error": "invalid_refresh_token"}
        self.refreshed.append(used)
        self.tokens.add(f"{token}+")
        return {"ok": True, "access_token": f"{token}+", "refresh_token": f"{token}+-r", "expires_in": self.lasts}

    def do_auth_test(self, _arguments: Json) -> Json:
        return {"ok": True, "team_id": self.team, "team": "Northwind", "user_id": self.bot, "bot_id": "B0COACH"}

    def do_bots_info(self, _arguments: Json) -> Json:
        return {"ok": True, "bot": {"id": "B0COACH", "app_id": APP}}

    def do_chat_postMessage(self, arguments: Json) -> Json:  # noqa: N802 - the platform's name
        stamp = f"{1_700_000_000 + next(self._number)}.000100"
        self.messages[arguments["channel"]].append({**arguments, "ts": stamp})
        return {"ok": True, "channel": arguments["channel"], "ts": stamp}

    def do_chat_update(self, arguments: Json) -> Json:
        for at, message in enumerate(self.messages[arguments["channel"]]):
            if message["ts"] == arguments["ts"]:
                self.messages[arguments["channel"]][at] = {**message, **arguments}
                return {"ok": True, "ts": arguments["ts"]}
        return {"ok": False, "error": "message_not_found"}

    def do_conversations_open(self, arguments: Json) -> Json:
        return {"ok": True, "channel": {"id": direct(arguments["users"])}}

    def do_conversations_history(self, arguments: Json) -> Json:
        found = [one for one in self.messages[arguments["channel"]] if "thread_ts" not in one]
        return {"ok": True, "messages": found[::-1][: int(arguments["limit"])]}

    def do_conversations_replies(self, arguments: Json) -> Json:
        found = [
            one for one in self.messages[arguments["channel"]] if arguments["ts"] in {one["ts"], one.get("thread_ts")}
        ]
        below = [one for one in self.shared[arguments["channel"]] if one.get("thread_ts") == arguments["ts"]]
        return {"ok": True, "messages": [*found, *below][: int(arguments["limit"])]}

    def do_conversations_info(self, arguments: Json) -> Json:
        name = self.channels.get(arguments["channel"])
        return {"ok": True, "channel": {"name": name}} if name else {"ok": False, "error": "missing_scope"}

    def do_users_info(self, arguments: Json) -> Json:
        user = self.users.get(arguments["user"])
        return {"ok": True, "user": user} if user else {"ok": False, "error": "user_not_found"}

    def do_files_getUploadURLExternal(self, _arguments: Json) -> Json:  # noqa: N802 - the platform's name
        id = f"F{next(self._number)}"
        return {"ok": True, "upload_url": f"{self.url}/upload/{id}", "file_id": id}

    def do_files_completeUploadExternal(self, arguments: Json) -> Json:  # noqa: N802 - the platform's name
        stamp = f"{1_700_000_000 + next(self._number)}.000200"
        self.shared[arguments["channel_id"]].append({**arguments, "ts": stamp})
        return {"ok": True, "files": arguments["files"]}


def direct(user: str) -> str:
    """The conversation of a user with the bot."""
    return f"D{user[1:]}"


async def _arguments(request: web.Request) -> Json:
    if request.content_type == "application/json":
        return dict(await request.json())
    return {**request.query, **{key: value for key, value in (await request.post()).items() if isinstance(value, str)}}


# ---- signed requests


def signed(body: bytes, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """The headers Slack sends with these bytes."""
    stamp = str(int(time.time() if at is None else at))
    made = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={made}"}


def encoded(payload: Json) -> tuple[bytes, str]:
    """Body and content type as Slack sends this payload."""
    if payload.get("type") in {"event_callback", "url_verification"}:
        return json.dumps(payload).encode(), "application/json"
    form = "application/x-www-form-urlencoded"
    return urlencode(payload if "command" in payload else {"payload": json.dumps(payload)}).encode(), form
