"""The server that platforms' routes are mounted on: health for whoever watches it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

Check = Callable[[], Awaitable[Mapping[str, str]]]
OK = "ok"
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def build(routes: Sequence[BaseRoute], ready: Check, lifespan: Lifespan) -> Starlette:
    """The server's application. ``ready`` says of each thing it needs, by name, that it is ``OK`` or what is wrong with it."""

    async def healthz(_request: Request) -> JSONResponse:
        """The loop answers: nothing else is asked."""
        return JSONResponse({"status": "alive"})

    async def readyz(_request: Request) -> JSONResponse:
        checks = await ready()
        is_ready = all(found == OK for found in checks.values())
        return JSONResponse({"status": "ready" if is_ready else "not ready", **checks}, 200 if is_ready else 503)

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), *routes], lifespan=lifespan)
