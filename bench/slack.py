"""Slack, inbound: CPU and median wait of one request, at 1 and 32 at a time, beside two floors in the same run.

The floors answer the same signed slash command with the same body: a bare ASGI function that checks the signature, and
stock Bolt under Starlette with ``process_before_response``. Nothing leaves the process: calls that follow an answer are
not made.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import hmac
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.figures import heading
from content import loader
from storage.tenancy import FRESH_SECONDS
from tests.adapters.slack_desk import Desk, direct, open_desk
from tests.adapters.test_slack_features import join, newest, opened
from tests.faults.slack_platform import SECRET, TEAM, encoded, signed

Json = dict[str, Any]
Headers = list[tuple[bytes, bytes]]
ROUNDS = 5
TOGETHER = (1, 32)
STOCK_AT = 1  # which of the ways is stock Bolt
WHO = "U0LENA"


class Way(NamedTuple):
    """One thing that is measured: who answers, what is asked, how often a round, and the most of stock Bolt it may cost."""

    name: str
    app: ASGIApp
    ask: Callable[[], Json]
    turns: int
    goal: float | None = None


class Figure(NamedTuple):
    """Seconds of CPU of this process a request, and the median wait of one."""

    cpu: float
    wait: float


def run() -> None:
    """Print the figures."""
    asyncio.run(_run())


async def _run() -> None:
    async with _quiet_desk() as desk:
        answer = await desk.slash(WHO, "define data drift")
        ways = _ways(desk, answer)
        gc.collect()
        gc.freeze()  # as the server does once it is ready
        for together in TOGETHER:
            heading(f"Slack, inbound, {together} at a time: CPU and median wait of a request")
            # Round by round and not way by way: whatever else the machine does falls on all of them.
            rounds = [[await _round(way, together) for way in ways] for _ in range(ROUNDS)]
            for at, way in enumerate(ways):
                _line(way, [one[at] for one in rounds], [one[STOCK_AT].cpu for one in rounds])


def _line(way: Way, rounds: list[Figure], stock: list[float]) -> None:
    each = [one.cpu for one in rounds]
    spread = f"{min(each) * 1e6:.0f}-{max(each) * 1e6:.0f}"
    wait = statistics.median(one.wait for one in rounds)
    times = statistics.median(one / floor for one, floor in zip(each, stock, strict=True))
    words = f"  {way.name:<42} {statistics.median(each) * 1e6:6.0f} us CPU ({spread}, n={ROUNDS}x{way.turns})"
    goal = f" (goal {way.goal:g}x)" if way.goal else ""
    print(f"{words}  p50 {wait * 1e3:7.2f} ms  {times:5.2f}x stock Bolt{goal}")


@asynccontextmanager
async def _quiet_desk() -> AsyncIterator[Desk]:
    """The whole product over a SQLite file and the core pack; what follows an answer goes nowhere."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_desk(Path(folder), pack=loader.CORE) as desk:
            await join(desk, WHO)
            await desk.submit(WHO, await opened(desk, WHO, newest(desk, direct(WHO)), "Choose role"))
            await desk.settled()

            async def nowhere(*_: Any, **__: Any) -> Json:
                return {}

            calls = desk.front._calls
            calls.call = calls.form = calls.respond = nowhere  # type: ignore[method-assign, assignment]
            yield desk


def _ways(desk: Desk, answer: Json) -> list[Way]:
    ours = Starlette(routes=list(desk.front.routes))
    terms = itertools.cycle(sorted(one.term for one in desk.system.app.catalogs.active().terms.values()))
    number = itertools.count()

    def look_up() -> Json:
        return _slash(desk, f"define {next(terms)}")

    return [
        Way("a bare function that checks the signature", _bare(answer), look_up, 600),
        Way("stock Bolt, process_before_response", _stock(desk, answer), look_up, 600),
        Way("a look-up: define, every term in turn", ours, look_up, 600, 1.5),
        Way("a look-up by somebody quiet for a while", _quiet(desk, ours), look_up, 300),
        Way("a written answer: a term suggested", ours, lambda: _suggestion(desk, next(number)), 300, 4.0),
        Way("a written answer: pause, resume", ours, lambda: _slash(desk, ("pause", "resume")[next(number) % 2]), 300),
    ]


def _slash(desk: Desk, text: str) -> Json:
    return {
        "token": "gIkuvaNzQIHg97ATvDxqgjtO", "team_id": TEAM, "team_domain": "northwind", "channel_id": "C0GENERAL",
        "channel_name": "general", "user_id": WHO, "user_name": "lena", "command": "/mlops", "text": text,
        "api_app_id": "A0COACH", "is_enterprise_install": "false", "trigger_id": desk.trigger(),
        "response_url": "https://hooks.slack.com/commands/T0COACH/1/x",
    }  # fmt: skip


def _suggestion(desk: Desk, at: int) -> Json:
    fields = {"term": f"Term {at}", "meaning": "What it means."}
    return {
        "type": "view_submission", "team": {"id": TEAM, "domain": "northwind"}, "api_app_id": "A0COACH",
        "user": {"id": WHO, "username": "lena", "name": "lena", "team_id": TEAM}, "trigger_id": desk.trigger(),
        "view": {
            "id": "V1", "type": "modal", "callback_id": "glossary.suggest", "private_metadata": "", "blocks": [],
            "state": {"values": {name: {name: {"type": "plain_text_input", "value": one}} for name, one in fields.items()}},
        },
    }  # fmt: skip


def _bare(answer: Json) -> ASGIApp:
    body = json.dumps(answer).encode()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        read = (await receive())["body"]
        headers = dict(scope["headers"])
        made = hmac.new(SECRET.encode(), b"v0:" + headers[b"x-slack-request-timestamp"] + b":" + read, hashlib.sha256)
        assert hmac.compare_digest(b"v0=" + made.hexdigest().encode(), headers[b"x-slack-signature"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    return app


def _stock(desk: Desk, answer: Json) -> ASGIApp:
    async def authorize(**_: Any) -> AuthorizeResult:  # its own asks Slack on every request
        return AuthorizeResult(enterprise_id=None, team_id=TEAM, bot_token="x", bot_id="B", bot_user_id="U")

    bolt = AsyncApp(
        signing_secret=SECRET, authorize=authorize, process_before_response=True, client=desk.front._calls.client
    )

    async def answered(ack: Any) -> None:
        await ack(answer)

    bolt.command("/mlops")(answered)
    handler = AsyncSlackRequestHandler(bolt)

    async def endpoint(request: Request) -> Response:
        return await handler.handle(request)

    return Starlette(routes=[Route("/slack/events", endpoint, methods=["POST"])])


def _quiet(desk: Desk, app: ASGIApp) -> ASGIApp:
    """The same person, whose snapshot in memory is older than it may be."""
    accounts: Any = desk.system.app.accounts

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        for key, (at, actor) in list(accounts._actors.items()):
            accounts._actors[key] = (at - FRESH_SECONDS - 1, actor)
        await app(scope, receive, send)

    return asked


async def _round(way: Way, together: int) -> Figure:
    requests = iter([_request(way.ask()) for _ in range(way.turns)])
    waits: list[float] = []
    used = time.process_time()
    await asyncio.gather(*(_knock(way.app, requests, waits) for _ in range(together)))
    return Figure((time.process_time() - used) / way.turns, statistics.median(waits))


def _request(payload: Json) -> tuple[bytes, Headers]:
    body, kind = encoded(payload)
    headers = {"host": "coach", "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)", "content-type": kind}
    headers |= {"content-length": str(len(body)), **signed(body)}
    return body, [(name.encode(), value.encode()) for name, value in headers.items()]


async def _knock(app: ASGIApp, requests: Iterator[tuple[bytes, Headers]], waits: list[float]) -> None:
    for body, headers in requests:
        statuses: list[int] = []

        async def receive(body: bytes = body) -> Json:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any, statuses: list[int] = statuses) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        scope = {
            "type": "http", "method": "POST", "path": "/slack/events", "raw_path": b"/slack/events", "query_string": b"",
            "headers": headers, "root_path": "", "scheme": "http", "server": ("coach", 80), "client": ("c", 1),
            "http_version": "1.1",
        }  # fmt: skip
        begun = time.perf_counter()
        await app(scope, receive, send)
        waits.append(time.perf_counter() - begun)
        assert statuses == [200]
