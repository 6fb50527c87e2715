"""The door: proves on the raw bytes that a request is Slack's before anything parses it.

https://docs.slack.dev/authentication/verifying-requests-from-slack: HMAC-SHA256 over ``v0:timestamp:body``. Whatever fails is
answered with a bare 4xx and counted by reason; no body and no header of a refused request is ever logged.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec
from starlette.types import Receive, Scope, Send
from yarl import query_to_pairs

from adapters.watch import NOBODY, Watch

MOST_BYTES = 256 * 1024
MOST_FIELDS = 100
FRESH_SECONDS = 300
BODY_SECONDS = 5.0  # Slack stops waiting after three; a body that drips longer is somebody else's
SIGNATURE, TIMESTAMP, KIND, LENGTH = (
    b"x-slack-signature",
    b"x-slack-request-timestamp",
    b"content-type",
    b"content-length",
)

Json = dict[str, Any]
log = logging.getLogger(__name__)

_SIGNED = re.compile(rb"v0=[0-9a-f]{64}")
_SECONDS = re.compile(rb"[0-9]{1,12}")


class Reply(NamedTuple):
    """What goes back over HTTP: a body that is encoded already, or none."""

    status: int = 200
    body: str | None = None
    is_json: bool = False


class Refused(Exception):
    """The request is not let in."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


Take = Callable[[Json, str], Awaitable[Reply]]


class Guard:
    """An ASGI endpoint. ``take`` gets the parsed payload of a proved request and a hash of its signed bytes."""

    def __init__(self, secret: str, take: Take, machine: Callable[[], float], watch: Watch = NOBODY) -> None:
        if not secret:
            raise ValueError("without a signing secret nothing can be proved")
        self._secret = secret.encode()
        self._take = take
        self._machine = machine
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            headers = _headers(scope)
            body = await _read(receive, headers)
            proof = self._prove(headers, body)
            payload = parse(body, headers.get(KIND, b""))
        except Refused as refused:
            self._watch.refused(refused.reason)
            log.info("a request was refused", extra={"platform": "slack", "why": refused.reason})
            reply = Reply(refused.status)
        else:
            reply = await self._take(payload, proof)
        await _answer(send, reply)

    def _prove(self, headers: dict[bytes, bytes], body: bytes) -> str:
        stamp, given = headers.get(TIMESTAMP, b""), headers.get(SIGNATURE, b"")
        if not _SECONDS.fullmatch(stamp) or not _SIGNED.fullmatch(given):
            raise Refused(401, "signature malformed")
        if abs(self._machine() - int(stamp)) > FRESH_SECONDS:
            raise Refused(401, "signature stale")
        made = hmac.digest(self._secret, b"v0:" + stamp + b":" + body, "sha256").hex()
        if not hmac.compare_digest(f"v0={made}".encode(), given):
            raise Refused(401, "signature wrong")
        return made


def _headers(scope: Scope) -> dict[bytes, bytes]:
    """The headers that are looked at. Two of one name could be read differently by two readers, so they are refused."""
    if scope["method"] != "POST":
        raise Refused(405, "method")
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in {SIGNATURE, TIMESTAMP, KIND, LENGTH}:
            if name in found:
                raise Refused(400, "header twice")
            found[name] = value
    if SIGNATURE not in found or TIMESTAMP not in found:
        raise Refused(401, "unsigned")
    return found


async def _read(receive: Receive, headers: dict[bytes, bytes]) -> bytes:
    said = headers.get(LENGTH, b"0")
    if not said.isdigit() or len(said) > 9 or int(said) > MOST_BYTES:
        raise Refused(413, "too large")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Refused(400, "cut off")
                body += message.get("body", b"")
                if len(body) > MOST_BYTES:
                    raise Refused(413, "too large")
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError as slow:
        raise Refused(408, "too slow") from slow


def parse(body: bytes, kind: bytes) -> Json:
    """The payload of a request: events are JSON, interactions a form field of JSON, slash commands a plain form."""
    match kind.split(b";", 1)[0].strip().lower():
        case b"application/json":
            return _object(body)
        case b"application/x-www-form-urlencoded":
            fields = _form(body)
            return _object(fields["payload"].encode()) if "payload" in fields else dict(fields)
        case _:
            raise Refused(415, "content type")


def _object(body: bytes) -> Json:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as broken:
        raise Refused(400, "malformed") from broken
    if not isinstance(found, dict):
        raise Refused(400, "malformed")
    return found


def _form(body: bytes) -> dict[str, str]:
    """The fields of a form, by yarl's compiled reader: the standard library's costs more than everything else done here."""
    try:
        text = body.decode("utf-8")
        pairs = query_to_pairs(text, max_fields=MOST_FIELDS)
        if any("\N{REPLACEMENT CHARACTER}" in name + value for name, value in pairs):
            unquote(text, errors="strict")  # it stands for bytes that are no text, unless somebody sent it
    except ValueError as broken:  # which a UnicodeError is
        raise Refused(400, "malformed") from broken
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refused(400, "field twice")
    return fields


async def _answer(send: Send, reply: Reply) -> None:
    body = (reply.body or "").encode()
    kind = b"application/json" if reply.is_json else b"text/plain; charset=utf-8"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
