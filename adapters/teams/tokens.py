"""Our own token for sending: fetched by one caller at a time, kept until shortly before it expires.

https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication#bot-to-connector
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol

import aiohttp

from adapters.teams.cloud import Cloud
from bot.errors import DeliveryFailed

EARLY_SECONDS = 300.0
REFUSED_SECONDS = 300.0  # a wrong secret is not tried more often than this
Session = Callable[[], aiohttp.ClientSession]  # the open session of the process
log = logging.getLogger(__name__)


class TokenRefused(DeliveryFailed):
    """Our secret, or a token that was fetched a moment ago, is not taken: nothing can be sent until somebody sees to it."""


class Credentials(Protocol):
    """How a token is asked for: a secret today; a certificate or a managed identity would be another class."""

    async def fetch(self) -> tuple[str, float]:
        """The token and for how many seconds it is good. Raises ``DeliveryFailed``."""
        ...


class Secret:
    """A client secret of a single-tenant bot."""

    def __init__(self, session: Session, cloud: Cloud, *, tenant: str, app_id: str, secret: str) -> None:
        self._session = session
        self._url = cloud.login_url.format(tenant=tenant)
        self._form = {
            "grant_type": "client_credentials",
            "client_id": app_id,
            "client_secret": secret,
            "scope": cloud.scope,
        }

    async def fetch(self) -> tuple[str, float]:
        try:
            async with self._session().post(self._url, data=self._form, allow_redirects=False) as response:
                if response.status in {400, 401, 403}:
                    log.error("Teams: the app id, tenant or secret is refused; sending waits")
                    raise TokenRefused("credentials refused", retry_after=REFUSED_SECONDS)
                if response.status != 200:
                    raise DeliveryFailed(f"token {response.status}", retry_after=30.0)
                found = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise DeliveryFailed(f"token {type(error).__name__}", retry_after=15.0) from error
        token, seconds = (found.get("access_token"), found.get("expires_in")) if isinstance(found, dict) else ("", 0)
        if not isinstance(token, str) or not token or not token.isascii():
            raise DeliveryFailed("token unreadable", retry_after=30.0)
        return token, float(seconds) if isinstance(seconds, int | float) else 0.0


class Tokens:
    """The token in use."""

    def __init__(self, credentials: Credentials, clock: Callable[[], float] = time.monotonic) -> None:
        self._credentials = credentials
        self._clock = clock
        self._token: str | None = None
        self._until = 0.0
        self._refused: tuple[float, DeliveryFailed] | None = None
        self._fetching: asyncio.Task[str] | None = None

    async def get(self) -> str:
        """A token that is good now. Raises ``DeliveryFailed``, which is never ambiguous: nothing was sent."""
        if self._token is not None and self._clock() < self._until:
            return self._token
        if self._refused is not None and self._clock() < self._refused[0]:
            raise self._refused[1]
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch())
        return await asyncio.shield(self._fetching)

    def drop(self, token: str) -> None:
        """This token was refused; another caller may have fetched a new one already."""
        if self._token == token:
            self._token = None

    async def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    async def _fetch(self) -> str:
        try:
            token, seconds = await self._credentials.fetch()
        except DeliveryFailed as failure:
            self._refused = (self._clock() + min(failure.retry_after or 1.0, 30.0), failure)
            raise
        self._token, self._refused = token, None
        # A token for a short time is still used for a while, or every call would fetch one.
        self._until = self._clock() + max(seconds - EARLY_SECONDS, min(seconds / 2, 60.0))
        return token
