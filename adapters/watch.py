"""What is watched while the service works. Whoever sees a thing says so to its platform's watch; nobody else counts.

Whatever is said here may be read by anybody who may read the metrics: words of closed lists and numbers, never what people wrote or are called.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from typing_extensions import override

from bot.domain.deliveries import Delivery
from bot.errors import DeliveryFailed
from scheduler.ports import Completing, Messenger, Parcel

if TYPE_CHECKING:
    from aiohttp import TraceConfig
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


LONG_SECONDS = 60.0

# Why a request is not let in, in the words of the doors. Whatever else is said would be somebody's text, and is not repeated.
REASONS = frozenset(
    {
        # Slack's door
        "method", "header twice", "unsigned", "signature malformed", "signature stale", "signature wrong", "too large", "too slow",
        "cut off", "content type", "malformed", "field twice",
        # Teams' door
        "another channel", "another service address than the token's", "service address not allowed", "tenant not served",
        "not an emulator on this machine", "not JSON", "not an object", "no type, channel or service address", "two tenants", "no id",
        "text that is no text", "nobody sent it", "no conversation",
        # its token
        "one Authorization header is needed", "no bearer token", "no header", "algorithm", "no key id", "unknown key", "endorsements",
        "times", "no beginning", "audience or issuer", "no service address", "DecodeError", "ExpiredSignatureError",
        "ImmatureSignatureError", "InvalidAlgorithmError", "InvalidAudienceError", "InvalidIssuedAtError", "InvalidIssuerError",
        "InvalidKeyError", "InvalidSignatureError", "MissingRequiredClaimError",
    }
)  # fmt: skip


class Watch(Protocol):
    """What one platform's adapter tells. Called on the event loop; takes microseconds and never raises."""

    def turned(self, kind: str, result: str) -> None:
        """Something came in (the kind of event) and was carried out, or why it was not."""
        ...

    def acknowledged(self, seconds: float, status: int) -> None:
        """The platform has its answer, so many seconds after it asked."""
        ...

    def refused(self, reason: str) -> None:
        """A request was not let in: its signature, its token or its shape."""
        ...

    def called(self, status: int | None) -> None:
        """The platform answered a call of ours with this status, or with nothing."""
        ...

    def sent(self, result: str, seconds: float | None) -> None:
        """What became of a delivery's call; for one that was sent, how long after it was due."""
        ...

    def held(self, workspace: str, seconds: float) -> None:
        """Nothing is sent to this workspace for so long: the platform asks us to wait, or refuses us."""
        ...


class Unwatched(Watch):
    """Where nobody looks: the playground, and tests."""

    @override
    def turned(self, kind: str, result: str) -> None:
        pass

    @override
    def acknowledged(self, seconds: float, status: int) -> None:
        pass

    @override
    def refused(self, reason: str) -> None:
        pass

    @override
    def called(self, status: int | None) -> None:
        pass

    @override
    def sent(self, result: str, seconds: float | None) -> None:
        pass

    @override
    def held(self, workspace: str, seconds: float) -> None:
        pass


NOBODY: Watch = Unwatched()


class Timed:
    """ASGI around the door at which a platform's events come in: how long its answers take."""

    def __init__(self, app: ASGIApp, watch: Watch) -> None:
        self._app = app
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.perf_counter(), 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, told)
        finally:
            self._watch.acknowledged(time.perf_counter() - began, status)


def traced(watch: Watch) -> TraceConfig:
    """For a client's session: every call that it makes to the platform is told, whoever made it."""
    from aiohttp import TraceConfig

    async def answered(_session: Any, _context: Any, params: Any) -> None:
        watch.called(params.response.status)

    async def failed(_session: Any, _context: Any, _params: Any) -> None:
        watch.called(None)

    told = TraceConfig()
    told.on_request_end.append(answered)
    told.on_request_exception.append(failed)
    return told


class WatchedMessenger(Messenger):
    """A platform's sending side; what becomes of each delivery is told. ``clock`` is the movable one, as due times are."""

    def __init__(self, inner: Messenger, watch: Watch, clock: Callable[[], datetime]) -> None:
        self._inner = inner
        self._watch = watch
        self._clock = clock

    @property
    @override
    def looks_up(self) -> bool:
        return self._inner.looks_up

    @override
    def room(self, workspace: str) -> int:
        return self._inner.room(workspace)

    @override
    async def send(self, parcel: Parcel) -> str:
        result = "unknown"  # also when the drainer loses patience and this is cancelled
        try:
            message = await self._inner.send(parcel)
            result = "sent"
        except DeliveryFailed as failed:
            result = _result(failed)
            wait = failed.retry_after or 0.0
            if wait and (
                failed.called or wait >= LONG_SECONDS
            ):  # our own pace makes what comes too fast wait for seconds
                self._watch.held(parcel.workspace, wait)
            raise
        finally:
            late = (self._clock() - parcel.due_at).total_seconds() if result == "sent" and parcel.due_at else None
            self._watch.sent(result, late)
        return message

    @override
    async def look_up(self, delivery: Delivery) -> str | None:
        return await self._inner.look_up(delivery)

    async def complete(self, parcel: Parcel, message_id: str) -> None:
        if isinstance(self._inner, Completing):
            await self._inner.complete(parcel, message_id)


def _result(failed: DeliveryFailed) -> str:
    """In the words of the ledger's protocol."""
    if not failed.called:
        return "held back"
    if failed.ambiguous:
        return "unknown"
    if failed.permanent:
        return "dead"
    return "refused" if failed.retry_after is None else "limited"
