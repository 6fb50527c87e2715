"""The Bot Connector's web API, as far as we use it: every call ends in a value or a ``DeliveryFailed`` that says what is known.

https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override
from yarl import URL

from adapters.teams.cloud import Cloud, service_url
from adapters.teams.pace import PATIENCE_SECONDS, Pace
from adapters.teams.tokens import Session, TokenRefused, Tokens
from adapters.watch import NOBODY, Watch, traced
from bot.errors import DeliveryFailed

Json = Mapping[str, Any]

CALL_SECONDS, CONNECT_SECONDS = 9.0, 3.0  # under what the drainer allows for one call
BODY_LIMIT = 256 * 1024
LONGEST_WAIT = 900.0
DEFAULT_WAIT = {412: 1.0, 429: 5.0}
# After these the call may have been carried out; a repeated PUT does no harm, a repeated POST is a second message.
GATEWAY = {500, 502, 503, 504}
log = logging.getLogger(__name__)


class PublicOnly(AbstractResolver):
    """Refuses names that lead to private addresses: our token goes to whoever answers."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    @override
    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        from ipaddress import ip_address

        found = await self._inner.resolve(host, port, family)
        public = [one for one in found if ip_address(one["host"].partition("%")[0]).is_global]
        if not public:
            raise OSError(f"{host} has no public address")
        return public

    @override
    async def close(self) -> None:
        await self._inner.close()


def open_session(cloud: Cloud, watch: Watch = NOBODY) -> aiohttp.ClientSession:
    """The one session of the process: no cookies, no proxies from the environment, no private addresses."""
    resolver = aiohttp.ThreadedResolver()
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=100, resolver=resolver if cloud.loopback else PublicOnly(resolver)),
        timeout=aiohttp.ClientTimeout(total=CALL_SECONDS, connect=CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[traced(watch)],
    )


class Connector:
    """Calls to conversations. Conversation ids come from Teams, so they are quoted whole."""

    def __init__(self, session: Session, tokens: Tokens, cloud: Cloud, pace: Pace) -> None:
        self._session = session
        self._tokens = tokens
        self._cloud = cloud
        self._pace = pace

    @property
    def room(self) -> int:
        """How many calls may be begun now."""
        return self._pace.room()

    async def post(self, service: str, conversation: str, activity: Json, *, patience: float = PATIENCE_SECONDS) -> str:
        """Send to a conversation. Returns the message's id. ``patience``: how long it may wait for its turn, in seconds."""
        path = [conversation, "activities"]
        return _id(await self._call("POST", service, path, activity, patience=patience))

    async def put(self, service: str, conversation: str, message: str, activity: Json) -> None:
        """Put another body in a message's place."""
        await self._call("PUT", service, [conversation, "activities", message], activity)

    async def create(self, service: str, body: Json, about: str) -> tuple[str, str]:
        """Begin a conversation with a person, or a thread in a channel. Returns the ids of conversation and message."""
        found = await self._call("POST", service, [], body, about=about)
        return _id(found), str(found.get("activityId") or "")

    async def member(self, service: str, conversation: str, user: str) -> Json:
        """What Teams tells about somebody in a conversation: name and e-mail among it."""
        return await self._call("GET", service, [conversation, "members", user], None)

    async def _call(
        self,
        method: str,
        service: str,
        path: Sequence[str],
        body: Json | None,
        *,
        about: str = "",
        patience: float = PATIENCE_SECONDS,
    ) -> Json:
        allowed = service_url(service, self._cloud)
        if allowed is None:
            raise DeliveryFailed("service address not allowed", permanent=True)
        if method != "GET":
            await self._pace.wait(path[0].partition(";")[0] if path else about, patience)
        tail = "".join(f"/{quote(part, safe='')}" for part in path)
        url = URL(f"{allowed}/v3/conversations{tail}", encoded=True)
        data = None if body is None else msgspec.json.encode(body)
        token = await self._tokens.get()
        status, headers, answer = await self._request(method, url, data, token)
        if status == 401:  # the token may have been withdrawn: once more, with a new one
            self._tokens.drop(token)
            status, headers, answer = await self._request(method, url, data, await self._tokens.get())
        return self._outcome(method, status, headers, answer)

    async def _request(
        self, method: str, url: URL, data: bytes | None, token: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=utf-8"}
        safe = method != "POST"
        try:
            async with self._session().request(
                method, url, data=data, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status, answer.headers, await bounded(answer)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise DeliveryFailed(type(error).__name__, retry_after=_jittered(5.0)) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise DeliveryFailed(type(error).__name__, ambiguous=not safe) from error

    def _outcome(self, method: str, status: int, headers: Mapping[str, str], answer: bytes) -> Json:
        if 200 <= status < 300:
            return _object(answer, required=method == "POST")
        reason = f"{status} {_code(answer)}".strip()
        if status in {412, 429}:
            wait = _retry_after(headers) or _jittered(DEFAULT_WAIT[status])
            if status == 429:
                self._pace.hold(min(wait, 60.0))
            raise DeliveryFailed(reason, retry_after=wait)
        if status == 401:
            raise TokenRefused(reason, retry_after=60.0)
        if status in GATEWAY or status >= 500:
            raise DeliveryFailed(reason, ambiguous=method == "POST", retry_after=_retry_after(headers))
        raise DeliveryFailed(reason, permanent=True)


async def bounded(answer: aiohttp.ClientResponse) -> bytes:
    """The body, if it is of a sensible size. Raises ``aiohttp.ClientError`` otherwise."""
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise aiohttp.ClientPayloadError("too large")
    return bytes(body)


def _object(answer: bytes, *, required: bool) -> Json:
    try:
        found = msgspec.json.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    if required:
        raise DeliveryFailed("unreadable answer", ambiguous=True)
    return {}


def _id(found: Json) -> str:
    id = found.get("id")
    if not isinstance(id, str) or not id:
        raise DeliveryFailed("no id in the answer", ambiguous=True)
    return id


def _code(answer: bytes) -> str:
    """The word Teams gives for what is wrong; its sentence may name people, so it is left out."""
    try:
        found = msgspec.json.decode(answer)
        error = found["error"]
        inner = error.get("innerHttpError", {}).get("body", {}).get("error", {}).get("code")
        return str(inner or error["code"])[:60]
    except Exception:  # noqa: BLE001 - there is no word, or nothing that can be read
        return ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from now; the header holds seconds or a date."""
    told = headers.get("Retry-After", "")
    try:
        seconds = float(told)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.5), LONGEST_WAIT) if seconds == seconds else None  # noqa: PLR0124 - NaN


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.8, 1.4)
