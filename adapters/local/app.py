"""The playground as one Starlette application behind its guard."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from types import FrameType
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapters.local import api, openapi
from adapters.local.floor import Floor
from adapters.local.guard import Guard
from adapters.local.pages import Pages
from adapters.local.problems import Problem, ProblemView

log = logging.getLogger(__name__)


def build(floor: Floor, *, port: int, token: str, renderers: Mapping[str, api.Renderer]) -> Starlette:
    """The application. ``renderers`` show a message as other platforms would get it, by platform."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        with _ending_streams(floor):
            async with floor.open():
                yield

    return Starlette(
        routes=[
            Route("/healthz", _health),
            Route("/openapi.json", _description),
            *api.Api(floor, renderers).routes(),
            *Pages(floor).routes(),
        ],
        middleware=[Middleware(Guard, port=port, token=token)],
        exception_handlers={Problem: _refuse, HTTPException: _miss, Exception: _fail},
        lifespan=lifespan,
    )


@contextlib.contextmanager
def _ending_streams(floor: Floor) -> Iterator[None]:
    """Close the pages' event streams with the first signal to stop: a server waits for open answers before it ends."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    def ended(number: int, frame: FrameType | None) -> None:
        floor.end_streams()
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for one, handler in before.items():
        if callable(handler):
            signal.signal(one, ended)
    try:
        yield
    finally:
        for one, handler in before.items():
            if signal.getsignal(one) is ended:
                signal.signal(one, handler)


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _description(_request: Request) -> Response:
    return api.answer(openapi.document())


async def _refuse(_request: Request, error: Exception) -> Response:
    problem: Any = error
    return api.answer(problem.view, problem.status)


async def _miss(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = {404: "There is nothing at this address.", 405: "That cannot be done at this address."}
    return api.answer(ProblemView(words.get(status, str(error)), "/docs/api lists what there is."), status)


async def _fail(_request: Request, error: Exception) -> Response:
    log.error("a request failed", exc_info=error)
    return api.answer(ProblemView("Something went wrong here.", "The log of the playground says what."), 500)
