"""Socket Mode: Slack without a public address. One process owns the socket; a watchdog sees when it has died silently."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import time
from collections.abc import Awaitable, Callable

import msgspec
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.guard import Reply, Take
from scheduler.ports import finished
from storage import locks
from storage.store import Store

LOCK = "slack socket"
LEASE_SECONDS, RENEW_SECONDS = 30.0, 10.0
SILENT_SECONDS = 90.0
CONNECT_SECONDS = 15.0
TRIES = 3
log = logging.getLogger(__name__)
sdk_log = logging.getLogger("adapters.slack.sdk")
sdk_log.setLevel(logging.CRITICAL)  # it writes envelopes and a trace for every try


def give_up() -> None:
    """Stop the process as its operator would; whoever runs it starts it again."""
    signal.raise_signal(signal.SIGTERM)


class Socket:
    """Keeps one socket open for as long as this process owns the lock. ``reach`` asks Slack whether it is there."""

    def __init__(
        self,
        *,
        app_token: str,
        client: Callable[[], AsyncWebClient],
        take: Take,
        store: Store,
        reach: Callable[[], Awaitable[bool]],
        on_dead: Callable[[], None] = give_up,
        renew_seconds: float = RENEW_SECONDS,
        silent_seconds: float = SILENT_SECONDS,
        connect_seconds: float = CONNECT_SECONDS,
    ) -> None:
        self._app_token = app_token
        self._client = client
        self._take = take
        self._store = store
        self._reach = reach
        self._on_dead = on_dead
        self._renew_seconds = renew_seconds
        self._silent_seconds = silent_seconds
        self._connect_seconds = connect_seconds
        self._owner = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._socket: SocketModeClient | None = None
        self._alive = time.monotonic()
        self._failed = 0

    async def serve(self) -> None:
        """Until cancelled: own the lock, keep the socket open, look after it."""
        try:
            while True:
                await self._look_after()
                await asyncio.sleep(self._renew_seconds)
        finally:
            await self._close()
            with contextlib.suppress(Exception):
                await finished(self._store.transact(lambda conn: locks.release(conn, LOCK, self._owner)))

    async def _look_after(self) -> None:
        try:
            mine = await finished(
                self._store.transact(lambda conn: locks.take(conn, LOCK, self._owner, LEASE_SECONDS), urgent=False)
            )
        except Exception:
            log.exception("the lock of the socket could not be renewed")
            return
        if not mine:
            await self._close()
        elif self._socket is None:
            await self._open()
        elif await self._is_alive():
            self._alive, self._failed = time.monotonic(), 0
        elif time.monotonic() - self._alive > self._silent_seconds:
            log.warning("the socket has been silent for too long; opening another")
            await self._close()
            await self._open()

    async def _is_alive(self) -> bool:
        """Open by its own account, and Slack answers: a socket may believe in itself for a long time."""
        if self._socket is None or not await self._socket.is_connected():
            return False
        return not await self._socket.is_ping_pong_failing() and await self._reach()

    async def _open(self) -> None:
        shared = self._client()
        web = AsyncWebClient(base_url=shared.base_url, session=shared.session, retry_handlers=[])
        made = SocketModeClient(app_token=self._app_token, web_client=web, auto_reconnect_enabled=True, logger=sdk_log)
        made.socket_mode_request_listeners.append(self._heard)
        try:
            async with asyncio.timeout(self._connect_seconds):  # by itself it would try for ever
                await made.connect()  # type: ignore[no-untyped-call]
        except BaseException as error:  # also when this task is cancelled: the client holds a session of its own
            await made.close()  # type: ignore[no-untyped-call]
            if not isinstance(error, Exception):
                raise
            self._not_opened(error)
            return
        self._socket, self._alive, self._failed = made, time.monotonic(), 0

    def _not_opened(self, error: Exception) -> None:
        self._failed += 1
        told = {"reason": type(error).__name__, "attempt": self._failed, "of": TRIES}
        log.warning("the socket could not be opened", extra=told)
        if self._failed >= TRIES:
            log.critical("Slack's socket cannot be opened; stopping, so that the process is started again")
            self._on_dead()

    async def _close(self) -> None:
        if self._socket is not None:
            await self._socket.close()  # type: ignore[no-untyped-call]
            self._socket = None

    async def _heard(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """One envelope. What is to come again is not acknowledged."""
        self._alive = time.monotonic()
        reply = await self._take(dict(request.payload), f"envelope-{request.envelope_id}")
        if reply.status < 500:
            response = SocketModeResponse(envelope_id=request.envelope_id, payload=_body(reply))
            await client.send_socket_mode_response(response)


def _body(reply: Reply) -> dict[str, object] | None:
    if not reply.is_json or reply.body is None:
        return None
    found: dict[str, object] = msgspec.json.decode(reply.body, type=dict)
    return found
