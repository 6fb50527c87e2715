"""Calls to Slack's Web API over one shared session, and what each way of failing means for a delivery."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.watch import NOBODY, Watch, traced
from bot.errors import DeliveryFailed

API_URL = "https://slack.com/api/"
CALL_SECONDS = 8.0  # under the drainer's own ten
LONGEST_WAIT = 900.0
RESPONSE_HOSTS = {"hooks.slack.com", "hooks.slack-gov.com"}

# https://docs.slack.dev/reference/methods/chat.postMessage#errors
TOKEN_ERRORS = {
    "account_inactive",
    "ekm_access_denied",
    "invalid_auth",
    "not_authed",
    "org_login_required",
    "team_access_not_granted",
    "token_expired",
    "token_revoked",
}
# Some part of the operation may have succeeded before these were raised.
AMBIGUOUS_ERRORS = {"fatal_error", "internal_error"}
REFUSED_ERRORS = {"accesslimited", "message_limit_exceeded", "rate_limited", "ratelimited", "request_timeout", "service_unavailable"}  # fmt: skip
BLOCK_ERRORS = {"invalid_blocks", "invalid_blocks_format"}

Json = dict[str, Any]
_WORD = re.compile(r"[a-z][a-z0-9_]{1,79}")


class TokenRefused(DeliveryFailed):
    """Slack does not take this token any more: nothing can be sent to the workspace until it is installed again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, permanent=True)


class BlocksRefused(DeliveryFailed):
    """Slack does not take these blocks; simpler ones may do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, permanent=True)


class Calls:
    """The Web API. ``open`` and ``close`` belong to the server's life; a call before ``open`` fails."""

    def __init__(self, api_url: str = API_URL, *, seconds: float = CALL_SECONDS, watch: Watch = NOBODY) -> None:
        self._api_url = api_url if api_url.endswith("/") else f"{api_url}/"
        self._seconds = seconds
        self._watch = watch
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None
        self._own_host = urlsplit(api_url).hostname if api_url != API_URL else None

    async def open(self) -> None:
        # One session for everything: a client without one opens a session for each call, six times the work.
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._seconds), trace_configs=[traced(self._watch)]
        )
        # The client's own retries would send a message twice when only the answer was lost.
        self._client = AsyncWebClient(base_url=self._api_url, session=self._session, retry_handlers=[])

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def client(self) -> AsyncWebClient:
        """The shared client, without a token."""
        if self._client is None:
            raise RuntimeError("the Slack session is not open")
        return self._client

    async def call(self, token: str, method: str, arguments: Mapping[str, Any]) -> Json:
        """One call, one try. Raises :class:`DeliveryFailed`."""
        try:
            response = await self.client.api_call(method, json=dict(arguments), headers=_bearer(token))
            return dict(response.data) if isinstance(response.data, dict) else {}
        except Exception as error:
            raise failure(error) from error

    async def form(self, token: str, method: str, arguments: Mapping[str, Any]) -> Json:
        """As :meth:`call`, for the methods that do not take JSON (most of those that read)."""
        try:
            response = await self.client.api_call(method, data=dict(arguments), headers=_bearer(token))
            return dict(response.data) if isinstance(response.data, dict) else {}
        except Exception as error:
            raise failure(error) from error

    async def respond(self, url: str, body: Json) -> None:
        """Post to a ``response_url``: five times within half an hour. Raises :class:`DeliveryFailed`."""
        if self._session is None or not self._is_slack(url):
            raise DeliveryFailed("response_url refused", permanent=True)
        try:
            async with self._session.post(url, json=body, allow_redirects=False) as response:
                if response.status >= 300:
                    raise DeliveryFailed(f"response_url {response.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DeliveryFailed(type(error).__name__, ambiguous=True) from error

    async def upload(self, url: str, data: bytes) -> None:
        """Bytes to the address that files.getUploadURLExternal gave. Raises :class:`DeliveryFailed`."""
        if self._session is None:
            raise RuntimeError("the Slack session is not open")
        try:
            async with self._session.post(url, data=data, allow_redirects=False) as response:
                if response.status >= 300:
                    raise DeliveryFailed(f"upload {response.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DeliveryFailed(type(error).__name__) from error

    def _is_slack(self, url: str) -> bool:
        """What a payload calls a response address gets people's words: only Slack's own hosts do."""
        parts = urlsplit(url)
        if self._own_host is not None and parts.hostname == self._own_host:
            return True
        return parts.scheme == "https" and parts.hostname in RESPONSE_HOSTS and parts.port is None


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def failure(error: Exception) -> DeliveryFailed:
    """What an error of a call means: refused for now, never possible, or perhaps arrived."""
    if isinstance(error, DeliveryFailed):
        return error
    if isinstance(error, SlackApiError):
        return _answered(error)
    if isinstance(error, aiohttp.ClientConnectorError):
        return DeliveryFailed("no connection")  # nothing was sent
    return DeliveryFailed(type(error).__name__, ambiguous=True)


def _answered(error: SlackApiError) -> DeliveryFailed:
    response: Any = error.response
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    data = getattr(response, "data", None)
    word = _word(data.get("error") if isinstance(data, dict) else None)
    if status == 429:
        return DeliveryFailed("rate limited", retry_after=_wait(getattr(response, "headers", {}) or {}))
    if status >= 500 or word in AMBIGUOUS_ERRORS or not isinstance(word, str):
        return DeliveryFailed(word if isinstance(word, str) else f"status {status}", ambiguous=True)
    if word in REFUSED_ERRORS:
        return DeliveryFailed(word)
    if word in TOKEN_ERRORS:
        return TokenRefused(word)
    if word in BLOCK_ERRORS:
        return BlocksRefused(word)
    return DeliveryFailed(word, permanent=True)


def _word(said: object) -> str | None:
    """Slack's word for what is wrong. Anything else in its place may be what was sent, and would be kept with the delivery."""
    return said if isinstance(said, str) and _WORD.fullmatch(said) else None


def _wait(headers: Mapping[str, Any]) -> float:
    """Seconds of a Retry-After header, with jitter so that what waited does not come back in one wave."""
    given = next((value for name, value in headers.items() if name.lower() == "retry-after"), "1")
    try:
        seconds = float(given[0] if isinstance(given, list) else given)
    except ValueError:
        seconds = 30.0
    return min(max(seconds, 1.0), LONGEST_WAIT) * random.uniform(1.0, 1.2)
