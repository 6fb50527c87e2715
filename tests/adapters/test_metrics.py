"""The metrics: what is counted under which name, where it can be read and by whom, and that reading costs little."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import uvicorn
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from typer.testing import CliRunner

from adapters import metrics, web
from adapters.cli import app as shell
from adapters.cli import serving
from adapters.front import NotSetUp
from adapters.metrics import DECLARED, Found, Metrics
from adapters.settings import Settings
from adapters.watch import Timed, WatchedMessenger
from bot.errors import DeliveryFailed
from bot.messages import Message
from scheduler.ports import Parcel
from storage.operations import Backlog

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WAITING = Backlog(
    waiting=4, due=3, claimed=2, sending=1, unknown=5, parked=6, oldest_due=NOW - timedelta(minutes=20),
    planned_to=NOW - timedelta(seconds=2), is_held=True,
)  # fmt: skip


class Store:
    """Says what it is told to, and counts how often it is asked."""

    def __init__(self, found: Found | Exception) -> None:
        self.found = found
        self.asked = 0

    async def read(self) -> Found:
        self.asked += 1
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


USUAL = Found(WAITING, NOW - timedelta(hours=3))


def made(found: Found | Exception = USUAL, age: float | None = 0.5) -> Any:
    store = Store(found)
    return Metrics(store.read, lambda: NOW, lambda: age), store


async def scraped(one: Metrics, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=one.app), base_url="http://metrics") as http:
        return await http.get("/metrics", headers=headers)


async def samples(one: Metrics) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    text = (await scraped(one)).text
    return {
        (sample.name.removeprefix("mlops_coach_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_what_the_store_says_is_told():
    found = await samples(made()[0])
    expected = {
        ("outbox_depth", "waiting"): 4, ("outbox_depth", "due"): 3, ("outbox_depth", "claimed"): 2, ("outbox_depth", "sending"): 1,
        ("outbox_depth", "unknown"): 5, ("outbox_unknown",): 5, ("outbox_parked",): 6, ("outbox_oldest_due_seconds",): 1200,
        ("scheduler_lag_seconds",): 2, ("scheduler_tick_age_seconds",): 0.5, ("backup_age_seconds",): 10800, ("send_hold",): 1,
        ("store_up",): 1,
    }  # fmt: skip
    assert {key: found.get(key) for key in expected} == expected


async def test_what_is_not_known_is_left_out():
    nothing = Backlog(
        waiting=0, due=0, claimed=0, sending=0, unknown=0, parked=0, oldest_due=None, planned_to=None, is_held=False
    )
    found = await samples(made(Found(nothing, None), age=None)[0])
    assert found["outbox_oldest_due_seconds",] == 0, "nothing is due: an alert on it must be able to end"
    assert not {("backup_age_seconds",), ("scheduler_lag_seconds",), ("scheduler_tick_age_seconds",)} & set(found)


async def test_the_store_is_asked_once_in_a_while_however_often_it_is_scraped():
    one, store = made()
    await asyncio.gather(*(scraped(one) for _ in range(20)))
    assert store.asked == 1


async def test_a_store_in_trouble_is_told_and_says_nothing_old(monkeypatch):
    monkeypatch.setattr(metrics, "FRESH_SECONDS", 0.0)
    one, store = made()
    assert ("outbox_parked",) in await samples(one)
    store.found = TimeoutError("words of the database")
    found = await samples(one)
    assert found["store_up",] == 0
    assert not [key for key in found if key[0].startswith("outbox")]


async def test_platforms_are_counted_by_words_of_closed_lists():
    one, _ = made()
    slack = one.of("slack")
    slack.turned("typed", "done")
    slack.turned("pressed", "forbidden")
    slack.refused("signature stale")
    slack.refused("Ana's words")
    for status in (200, 429, 404, 503, None):
        slack.called(status)
    one.of("slack").acknowledged(0.3, 200)
    slack.sent("sent", 70.0)
    slack.sent("dead", None)
    found = await samples(one)
    expected = {
        ("inbound_total", "typed", "slack", "done"): 1, ("inbound_total", "pressed", "slack", "forbidden"): 1,
        ("authz_denied_total", "slack"): 1, ("signature_rejected_total", "slack", "signature stale"): 1,
        ("signature_rejected_total", "slack", "other"): 1, ("platform_calls_total", "slack", "2xx"): 1,
        ("platform_calls_total", "slack", "429"): 1, ("platform_calls_total", "slack", "4xx"): 1,
        ("platform_calls_total", "slack", "5xx"): 1, ("platform_calls_total", "slack", "none"): 1,
        ("deliveries_total", "slack", "sent"): 1, ("deliveries_total", "slack", "dead"): 1, ("dwell_seconds_count", "slack"): 1,
    }  # fmt: skip
    assert {key: found.get(key) for key in expected} == expected
    bucket = {key[1]: value for key, value in found.items() if key[0] == "ack_seconds_bucket"}
    assert (bucket["0.25"], bucket["0.5"]) == (0, 1)


async def test_what_alerts_look_for_begins_at_nought():
    one, _ = made()
    one.of("slack")
    found = await samples(one)
    begun = {key[1] for key, value in found.items() if key[0] == "inbound_total" and key[3] == "failed" and value == 0}
    assert begun >= {"typed", "pressed", "form_submitted", "home_opened", "member_joined"}
    assert found["deliveries_total", "slack", "sent"] == 0


class Platform:
    """A messenger whose calls end as they are told to."""

    looks_up = True

    def __init__(self) -> None:
        self.ends: list[Any] = []

    def room(self, _workspace: str) -> int:
        return 7

    async def send(self, _parcel: Parcel) -> str:
        end = self.ends.pop(0)
        if isinstance(end, BaseException):
            raise end
        return str(end)

    async def look_up(self, _delivery: Any) -> str | None:
        return "found"


async def test_what_becomes_of_deliveries_is_counted_and_what_is_blocked_is_seen():
    one, _ = made()
    inner = Platform()
    messenger = WatchedMessenger(inner, one.of("teams"), lambda: NOW)
    parcel = Parcel(
        delivery=1,
        workspace="w1",
        address="a",
        thread=None,
        update_of=None,
        message=Message("words"),
        member=None,
        at=NOW,
        due_at=NOW - timedelta(seconds=10),
    )
    ends = {
        "sent": "m1", "limited": DeliveryFailed("x", retry_after=300.0), "refused": DeliveryFailed("x"),
        "dead": DeliveryFailed("x", permanent=True), "unknown": DeliveryFailed("x", ambiguous=True),
        "held back": DeliveryFailed("x", retry_after=5.0, called=False),
    }  # fmt: skip
    assert (messenger.looks_up, messenger.room("w1"), await messenger.look_up(SimpleNamespace())) == (True, 7, "found")  # type: ignore[arg-type]
    for end in [*ends.values(), asyncio.CancelledError()]:
        inner.ends.append(end)
        with contextlib.suppress(DeliveryFailed, asyncio.CancelledError):
            await messenger.send(parcel)
    found = await samples(one)
    counted = {key[2]: value for key, value in found.items() if key[0] == "deliveries_total"}
    assert counted == {"sent": 1, "limited": 1, "refused": 1, "dead": 1, "unknown": 2, "held back": 1}
    assert found["dwell_seconds_sum", "teams"] == 10
    assert found["lanes_blocked", "teams"] == 1


async def test_a_lane_that_waits_for_our_own_pace_is_not_blocked_and_a_block_ends():
    one, _ = made()
    watch = one.of("slack")
    watch.held("w1", 300.0)
    watch.held("w1", 200.0)
    watch.held("w2", -1.0)
    assert (await samples(one))["lanes_blocked", "slack"] == 1


async def test_an_answer_that_never_begins_counts_as_a_failure():
    one, _ = made()

    async def broken(_scope, _receive, _send):
        raise RuntimeError("words")

    transport = httpx.ASGITransport(app=Timed(broken, one.of("slack")), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://coach") as http:
        await http.post("/slack/events")
    assert (await samples(one))["ack_seconds_count", "slack", "5xx"] == 1


async def test_names_follow_the_conventions_and_are_declared_once():
    one, _ = made()
    for platform in ("slack", "teams"):
        watch = one.of(platform)
        watch.turned("typed", "forbidden")
        watch.refused("method")
        watch.called(200)
        watch.acknowledged(0.1, 200)
        watch.sent("sent", 1.0)
    families = {family.name: family for family in text_string_to_metric_families((await scraped(one)).text)}
    ours = {name: family for name, family in families.items() if name.startswith("mlops_coach_")}
    assert {name: family.type for name, family in ours.items()} == {
        one.name.removesuffix("_total"): one.kind for one in DECLARED
    }
    allowed = {label for one in DECLARED for label in one.labels} | {"le"}
    assert allowed == {"platform", "kind", "result", "status", "reason", "state", "le"}
    for declared in DECLARED:
        assert (declared.kind == "counter") is declared.name.endswith("_total"), declared.name
        labels = {label for sample in ours[declared.name.removesuffix("_total")].samples for label in sample.labels}
        assert labels - {"le"} == set(declared.labels)


def test_pages_name_only_metrics_that_are_there():
    page = (ROOT / "docs/howto/monitoring.md").read_text()
    named = {name.removesuffix("_bucket").removesuffix("_count") for name in re.findall(r"mlops_coach_\w+", page)}
    assert len(named) > 10
    assert named <= {one.name for one in DECLARED}


async def test_openmetrics_is_spoken_to_whoever_asks_for_it():
    response = await scraped(made()[0], accept="application/openmetrics-text; version=1.0.0")
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


# ---- where they can be read


def listening() -> socket.socket:
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    return made


def public(one: Metrics | None = None) -> Starlette:
    app = Starlette(routes=[Route("/healthz", lambda _request: PlainTextResponse("alive"))])
    app.state.metrics = (one or made()[0]).app
    return app


async def test_the_metrics_are_behind_a_door_of_their_own():
    outside, inside = listening(), listening()
    ports = [one.getsockname()[1] for one in (outside, inside)]
    config = uvicorn.Config(web.Doors(public(), ports[1]), log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve([outside, inside]))
    while not server.started:  # noqa: ASYNC110 - the server says it in no other way
        await asyncio.sleep(0.01)
    async with httpx.AsyncClient() as http:
        pretended = {
            "host": f"127.0.0.1:{ports[1]}",
            "x-forwarded-host": f"127.0.0.1:{ports[1]}",
            "x-forwarded-port": str(ports[1]),
        }
        answers = [
            (await http.get(f"http://127.0.0.1:{port}{path}", headers=headers)).status_code
            for port, path, headers in (
                (ports[0], "/healthz", {}), (ports[0], "/metrics", {}), (ports[0], "/metrics", pretended),
                (ports[1], "/metrics", {}), (ports[1], "/healthz", {}), (ports[1], "/slack/events", {}),
            )
        ]  # fmt: skip
    server.should_exit = True
    await task
    assert answers == [200, 404, 404, 200, 404, 404]


@pytest.mark.parametrize("address", ["9464", "0.0.0.0", "host:port", "http://127.0.0.1:9464", "on", "127.0.0.1:9464/x"])
def test_an_address_that_is_none_is_told(address):
    with pytest.raises(ValidationError, match="metrics_address"):
        Settings(_env_file=None, metrics_address=address)


def _taken(address: str | None, port: int) -> tuple[str, int] | None:
    found = serving._bind_metrics(address, port)
    if found is None:
        return None
    with found:
        host, own = found.getsockname()
        return host, own


def test_without_an_address_they_are_for_this_machine_only():
    port = _free_pair()
    assert _taken(None, port) == ("127.0.0.1", port + 1000)
    host, any_port = _taken(None, 0) or ("", 0)
    assert host == "127.0.0.1"
    assert any_port
    high = 64_536 + port % 900
    assert (_taken(None, high) or ("", 0))[1] in {0, high - 1000}
    assert _taken("off", port) is None


def _free_pair() -> int:
    """A port above which, by a thousand, nobody listens."""
    for port in range(20_000, 30_000, 7):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port + 1000)):
                return port
    raise AssertionError("no port is free")


def test_a_port_that_is_taken_is_a_reason_only_if_it_was_asked_for(capsys):
    with listening() as other:
        other.listen()
        port = other.getsockname()[1]
        assert _taken(None, port - 1000) is None
        with pytest.raises(Exception, match="2"):
            serving._bind_metrics(f"127.0.0.1:{port}", 8080)
    assert "MLOPS_METRICS_ADDRESS" in capsys.readouterr().err
    with pytest.raises(Exception, match="2"):
        serving._bind_metrics("127.0.0.1:8080", 8080)
    assert "a port of its own" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("trouble", "is_early", "told"),
    [
        (NotSetUp("copy the token again"), False, "copy the token again"),
        (RuntimeError("Ana"), False, "builtins.RuntimeError"),
        (RuntimeError("Ana"), True, "builtins.RuntimeError"),
    ],
)
def test_a_start_that_fails_is_a_sentence_or_a_line_without_words(trouble, is_early, told, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    @contextlib.asynccontextmanager
    async def lifespan(_app):
        if trouble:
            raise trouble
        yield

    def failing(*_given, **_more):
        if is_early:
            raise trouble
        app = Starlette(lifespan=lifespan)
        app.state.metrics = app
        return app

    monkeypatch.setattr("adapters.wiring.serving.serving", failing)
    monkeypatch.setenv("MLOPS_METRICS_ADDRESS", "off")
    done = CliRunner().invoke(shell, ["serve", "--port", "0"])
    assert done.exit_code == 1
    assert told in done.output
    assert "Ana" not in done.output
    assert "Traceback" not in done.output


def test_neither_help_nor_the_playground_waits_for_the_library():
    """Only what serves imports it, and only when it serves."""
    early = [
        path.name
        for path in (ROOT / "adapters").rglob("*.py")
        if "adapters.metrics" in path.read_text()
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ImportFrom | ast.Import) and "adapters.metrics" in ast.unparse(node)
    ]
    assert early == []
