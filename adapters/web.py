"""The server that platforms' routes are mounted on: health for whoever watches it, and metrics behind a door of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

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


METRICS_PATH = "/metrics"


class Doors:
    """Two doors of one server: what comes in at the second port gets the metrics and nothing else, and nobody else gets them.

    The port is that of the socket a request came in by, so no header can pretend it. ``trouble`` is why the start failed.
    """

    def __init__(self, app: Starlette, metrics_port: int | None) -> None:
        self.trouble: Exception | None = None
        self._app = app
        self._metrics_port = metrics_port
        self._metrics: ASGIApp = Starlette(routes=[Route(METRICS_PATH, endpoint=Endpoint(app.state.metrics))])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif self._metrics_port is not None and (scope.get("server") or ("", None))[1] == self._metrics_port:
            await self._metrics(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            self.trouble = error
            raise


class Endpoint:
    """An ASGI application as the endpoint of a route: of an object the route asks nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
