"""Teams, inbound: the CPU of one activity beside its floors, and how long the event loop is held by 24 turns at once.

The floors answer the same signed activities: a plain dictionary echo behind our own token check, the library's adapter
class with an own transport, the library's own adapter with its own token check, and a card through its models. Nothing
here leaves the process. Goals: at most 1.5 times the second floor, and at most half of the third.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bench.figures import heading, row
from tests.adapters.teams_world import World, world
from tests.faults.teams_platform import APP_ID

Json = dict[str, Any]
Lag = tuple[float, float]  # seconds late, and seconds of CPU the loop's thread used meanwhile
Answer = Callable[[Json], Awaitable[Response]]
ROUNDS, TURNS = 7, 200
TOGETHER = 24
FLOOR = "the library's adapter class, own transport"
STOCK = "the library's own adapter, its token check"
AGAINST_FLOOR, AGAINST_STOCK, LAG_MS = 1.5, 0.5, 20.0
PROBE_SECONDS, IDLE_SECONDS = 0.001, 2.0


def run() -> None:
    """Print the figures."""
    asyncio.run(_run())


async def _run() -> None:
    async with _quiet_world() as coach:
        signed = {"Authorization": f"Bearer {coach.platform.token()}"}
        floors = _floors(coach)
        ways: list[tuple[str, Answer, Callable[[], Json]]] = [
            ("a dictionary echo, token checked", floors["echo"], lambda: _message(coach)),
            (FLOOR, floors["own"], lambda: _message(coach)),
            (STOCK, floors["stock"], lambda: _message(coach)),
            ("a card through the library's models", floors["models"], lambda: _message(coach)),
            ("help, a message", _door(coach, signed), lambda: _message(coach)),
            ("define, a message", _door(coach, signed), lambda: _message(coach, "define data drift")),
            ("an unknown word, a message", _door(coach, signed), lambda: _message(coach, "xyzzy")),
            ("define, an Action.Execute", _door(coach, signed), lambda: _press(coach)),
        ]
        heading(f"Teams, inbound: CPU an activity, replies included, {ROUNDS} rounds of {TURNS}")
        found = {}
        for name, answer, make in ways:
            found[name] = row(name, [await _cpu(answer, make, coach) for _ in range(ROUNDS)])
        heading(f"Goals: at most {AGAINST_FLOOR} times {FLOOR}, and {AGAINST_STOCK} times {STOCK}")
        for name, *_ in ways[4:]:
            own, stock = found[name] / found[FLOOR], found[name] / found[STOCK]
            print(f"  {name:<46} {own:9.2f}  {stock:9.2f}  {_told(own <= AGAINST_FLOOR and stock <= AGAINST_STOCK)}")
        await _lag(coach, signed)


def _told(reached: bool) -> str:
    return "reached" if reached else "NOT reached"


@asynccontextmanager
async def _quiet_world() -> Any:
    """The whole product, with a connector that answers without a network."""
    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder)) as coach:
            await coach.say("define data drift")

            async def post(*_: Any, **__: Any) -> str:
                return "m1"

            coach.front._voice._connector.post = post  # type: ignore[method-assign]
            yield coach


def _message(coach: World, text: str = "help", who: str = "ana") -> Json:
    return coach.activity("message_personal", who, text=text)


def _press(coach: World, who: str = "ana") -> Json:
    made = coach.activity("invoke_card", who)
    made["value"]["action"]["data"] = {"action": "glossary.show", "value": "core:term/data-drift"}
    return made


def _door(coach: World, headers: Json) -> Answer:
    async def answer(activity: Json) -> Response:
        return await coach.front._door.messages(_request(activity, headers))

    return answer


def _request(activity: Json, headers: Json) -> Request:
    body = json.dumps(activity).encode()
    listed = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def receive() -> Json:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": listed}
    return Request(scope, receive)


def _floors(coach: World) -> dict[str, Answer]:
    from botbuilder.core import BotAdapter, TurnContext
    from botbuilder.schema import Activity, ActivityTypes

    verifier = coach.front._door._verifier
    assert verifier is not None
    headers = [f"Bearer {coach.platform.token()}"]
    card = coach.platform.messages()[-1]

    async def echo(activity: Json) -> Response:
        await verifier.verify(headers)
        read = json.loads(await _request(activity, {}).body())
        return JSONResponse({"type": "message", "text": read["text"]})

    class Own(BotAdapter):  # type: ignore[misc]
        async def send_activities(self, _context: Any, activities: Any) -> Any:
            return [json.dumps(one.serialize()) for one in activities]

        async def update_activity(self, context: Any, activity: Any) -> None: ...

        async def delete_activity(self, context: Any, reference: Any) -> None: ...

    adapter = Own()

    async def own(activity: Json) -> Response:
        await verifier.verify(headers)
        read = json.loads(await _request(activity, {}).body())
        context = TurnContext(adapter, Activity().deserialize(read))

        async def logic(turn: Any) -> None:
            await turn.send_activity(Activity(type=ActivityTypes.message, text=turn.activity.text))

        await adapter.run_pipeline(context, logic)
        return Response()

    async def models(activity: Json) -> Response:
        await verifier.verify(headers)
        read = json.loads(await _request(activity, {}).body())
        Activity().deserialize(read)
        return Response(json.dumps(Activity().deserialize(card).serialize()))

    return {"echo": echo, "own": own, "stock": _stock(coach, headers[0]), "models": models}


def _stock(coach: World, header: str) -> Answer:
    """The library as it comes, but for the network: its keys are at hand, and what it sends goes nowhere."""
    from botbuilder.core import BotFrameworkAdapter, BotFrameworkAdapterSettings
    from botbuilder.schema import Activity, ActivityTypes
    from botframework.connector.auth.jwt_token_extractor import _OpenIdMetadata

    class Stock(BotFrameworkAdapter):  # type: ignore[misc]
        async def create_connector_client(self, *_: Any) -> Any:
            return object()

        async def send_activities(self, _context: Any, activities: Any) -> Any:
            return [json.dumps(one.serialize()) for one in activities]

    async def keys(metadata: Any) -> None:
        metadata.last_updated, metadata.keys = datetime.now(), [coach.platform.jwk("key-1")]  # noqa: DTZ005 - as it does

    _OpenIdMetadata._refresh = keys
    stock_adapter = Stock(BotFrameworkAdapterSettings(APP_ID, "not-a-real-secret"))

    async def stock(activity: Json) -> Response:
        read = json.loads(await _request(activity, {}).body())

        async def logic(turn: Any) -> None:
            await turn.send_activity(Activity(type=ActivityTypes.message, text=turn.activity.text))

        await stock_adapter.process_activity(Activity().deserialize(read), header, logic)
        return Response()

    return stock


async def _cpu(answer: Answer, make: Callable[[], Json], coach: World) -> float:
    """CPU of this process an activity, what is said behind the answer included, in seconds."""
    activities = [make() for _ in range(TURNS)]
    before = time.process_time()
    for one in activities:
        response = await answer(one)
        assert response.status_code == 200
    await asyncio.gather(*coach.front._voice._speaking)
    return (time.process_time() - before) / TURNS


async def _lag(coach: World, headers: Json) -> None:
    """24 people at once, again and again; a probe says how late the loop comes round."""
    answer = _door(coach, headers)
    people = [f"p{at}" for at in range(TOGETHER)]
    for who in people:
        await answer(_message(coach, who=who))
    idle: list[Lag] = []
    probing = asyncio.create_task(_probe(idle))
    await asyncio.sleep(IDLE_SECONDS)
    probing.cancel()
    texts = ("help", "define data drift")
    rushes = [[_message(coach, texts[rush % 2], who) for who in people] for rush in range(60)]
    gc.collect()
    gc.freeze()  # as the server does once it is ready
    late: list[Lag] = []
    probing = asyncio.create_task(_probe(late))
    for activities in rushes:
        await asyncio.sleep(2 * PROBE_SECONDS)
        await asyncio.gather(*(answer(one) for one in activities))
        await asyncio.gather(*coach.front._voice._speaking)
    probing.cancel()
    heading(f"Teams, event-loop lag, {TOGETHER} turns at once (floor: nothing to do, on the same machine)")
    for name, share in (("median", 0.5), ("99th percentile", 0.99), ("longest", 1.0)):
        row(f"{name}, nothing to do", [_quantile([lag for lag, _ in idle], share)])
        row(f"{name}, {TOGETHER} turns at once", [_quantile([lag for lag, _ in late], share)])
        row(f"{name}, the loop's own CPU of it", [_quantile([used for _, used in late], share)])
    worst = _quantile([lag for lag, _ in late], 0.99) * 1000
    busy = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"  goal: 99th percentile under {LAG_MS:.0f} ms: {_told(worst < LAG_MS)} ({busy})")


def _quantile(found: list[float], share: float) -> float:
    return sorted(found)[min(int(len(found) * share), len(found) - 1)]


async def _probe(late: list[Lag]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        then, used = loop.time(), time.thread_time()
        await asyncio.sleep(PROBE_SECONDS)
        late.append((max(0.0, loop.time() - then - PROBE_SECONDS), time.thread_time() - used))
