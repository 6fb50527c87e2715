"""The server that platforms' routes are mounted on: health for whoever watches it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

Check = Callable[[], Awaitable[Mapping[str, object]]]
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def build(routes: Sequence[BaseRoute], ready: Check, lifespan: Lifespan) -> Starlette:
    """The server's application. ``ready`` returns what is wrong; an empty mapping means ready."""

    async def healthz(_request: Request) -> JSONResponse:
        """The loop answers: nothing else is asked."""
        return JSONResponse({"status": "alive"})

    async def readyz(_request: Request) -> JSONResponse:
        wrong = await ready()
        return JSONResponse({"status": "not ready" if wrong else "ready", **wrong}, 503 if wrong else 200)

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), *routes], lifespan=lifespan)
