"""The door: ``/api/messages``. Nothing is parsed before the token is proved, and no fault of ours becomes a 5xx.

After a few 5xx Teams stops sending to a bot; so a fault is answered in words, and a refusal by its own status.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.teams import read, replies
from adapters.teams.cloud import Cloud, is_loopback, service_url
from adapters.teams.verify import CHANNEL, Denied, Verifier
from adapters.watch import NOBODY, Timed, Watch

Json = Mapping[str, Any]
Turn = Callable[[Json, Callable[[Json], Awaitable[None]]], Awaitable[None]]
Take = Callable[[read.Heard], Awaitable[Json | None]]

PATH = "/api/messages"
BODY_LIMIT = 256 * 1024
BROKEN = "Something went wrong and nothing was saved. Please try again."
log = logging.getLogger(__name__)


class Rejected(Exception):
    """A request that is not taken: its status, and the reason for the log."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Conversations(msgspec.Struct, frozen=True):
    """One workspace's side of the door: its id, and who takes its turns."""

    workspace: str
    take: Take


class Door:
    """Checks what comes in and hands it on. ``verifier`` is None for emulators on loopback only."""

    def __init__(
        self,
        *,
        cloud: Cloud,
        verifier: Verifier | None,
        tenants: Mapping[str, Conversations],
        turn: Turn,
        key: bytes,
        watch: Watch = NOBODY,
    ) -> None:
        if verifier is None and not cloud.loopback:
            raise ValueError("only an emulator on loopback may be unauthenticated")
        self._cloud = cloud
        self._verifier = verifier
        self._tenants = tenants
        self._turn = turn
        self._watch = watch
        self._key = key  # signs where an answer came from

    @property
    def routes(self) -> list[Route]:
        return [Route(PATH, self.messages, methods=["POST"], middleware=[Middleware(Timed, watch=self._watch)])]

    async def messages(self, request: Request) -> Response:
        """One activity."""
        try:
            activity, envelope = await self._proved(request)
            conversations = self._conversations(envelope)
            heard = _read(activity, conversations.workspace, self._key)
        except Rejected as rejected:
            self._watch.refused(rejected.reason)
            log.info("a request was refused", extra={"platform": "teams", "why": rejected.reason})
            headers = {"WWW-Authenticate": "Bearer"} if rejected.status == 401 else None
            return Response(status_code=rejected.status, headers=headers)
        if heard is None:
            return Response()
        return await self._answered(activity, heard, conversations.take, is_invoke=envelope.is_invoke)

    async def _proved(self, request: Request) -> tuple[Json, read.Envelope]:
        """The activity, when its token is good and speaks for the very service it names."""
        service = await self._service(request)
        activity = _parsed(await _body(request))
        try:
            envelope = read.envelope(activity)
        except read.Malformed as error:
            raise Rejected(400, str(error)) from error
        if envelope.channel != CHANNEL:
            raise Rejected(401, "another channel")
        if service is not None and service.rstrip("/") != envelope.service_url.rstrip("/"):
            raise Rejected(401, "another service address than the token's")
        if service_url(envelope.service_url, self._cloud) is None:
            raise Rejected(403, "service address not allowed")
        return activity, envelope

    async def _service(self, request: Request) -> str | None:
        if self._verifier is None:
            _from_an_emulator(request)
            return None
        try:
            return await self._verifier.verify(request.headers.getlist("authorization"))
        except Denied as denied:
            raise Rejected(401, str(denied)) from denied

    def _conversations(self, envelope: read.Envelope) -> Conversations:
        known = self._tenants.get(envelope.tenant or "")
        if known is None and self._verifier is None:
            known = next(iter(self._tenants.values()))  # an emulator has no directory
        if known is None:
            raise Rejected(403, "tenant not served")
        return known

    async def _answered(self, activity: Json, heard: read.Heard, take: Take, *, is_invoke: bool) -> Response:
        body: Json | None = None

        async def logic(_raw: Json) -> None:
            nonlocal body
            body = await take(heard)

        try:
            await self._turn(activity, logic)
        except Exception:
            log.exception("a turn failed", extra={"kind": heard.surface})
            body = replies.refused(BROKEN) if is_invoke else None
        return Response() if body is None else Response(msgspec.json.encode(body), media_type="application/json")


def _from_an_emulator(request: Request) -> None:
    """Whoever has a page open in a browser here must not be spoken for: a page cannot send JSON unasked, nor our name."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind != "application/json" or not is_loopback(request.url.hostname or ""):
        raise Rejected(403, "not an emulator on this machine")


async def _body(request: Request) -> bytes:
    told = request.headers.get("content-length", "0")
    if not told.isdecimal() or int(told[:12]) > BODY_LIMIT:
        raise Rejected(413, "too large")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise Rejected(413, "too large")
    return bytes(body)


def _parsed(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(400, "not JSON") from error


def _read(activity: Json, workspace: str, key: bytes) -> read.Heard | None:
    try:
        return read.read(activity, workspace, key)
    except read.Malformed as error:
        raise Rejected(400, str(error)) from error
