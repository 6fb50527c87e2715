"""Tokens that run out after twelve hours, renewed in the background; only where the app has rotation switched on.

https://docs.slack.dev/authentication/using-token-rotation: a refresh token works once, so one process renews at a time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypedDict

from adapters.slack.calls import Calls
from adapters.slack.keys import Keys
from adapters.slack.seats import PLATFORM, Seats
from bot.errors import DeliveryFailed
from scheduler.ports import finished
from storage import locks
from storage.installations import Installation, installations, renew
from storage.store import Store

AHEAD = timedelta(hours=2)  # Slack lets the old token live on until it runs out
ROUND_SECONDS, LEASE_SECONDS = 60.0, 30.0
LOCK = "slack tokens"
log = logging.getLogger(__name__)


class Expiring(TypedDict):
    """What an installation keeps of a token that runs out."""

    refresh: str
    expires_at: datetime | None


def rotating(granted: Mapping[str, Any], keys: Keys, now: datetime) -> Expiring:
    """The part of Slack's answer about rotation; nothing where the app has none."""
    refresh, seconds = granted.get("refresh_token"), granted.get("expires_in")
    if not isinstance(refresh, str) or not isinstance(seconds, int):
        return Expiring(refresh="", expires_at=None)
    return Expiring(refresh=keys.lock(refresh), expires_at=now + timedelta(seconds=seconds))


class Rotation:
    """Looks once a minute for tokens that run out soon. ``clock`` is the movable clock."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        keys: Keys,
        store: Store,
        calls: Calls,
        seats: Seats,
        clock: Callable[[], datetime],
    ) -> None:
        self._secret = {"client_id": client_id, "client_secret": client_secret}
        self._keys = keys
        self._store = store
        self._calls = calls
        self._seats = seats
        self._clock = clock
        self._owner = f"{os.getpid()}-{secrets.token_hex(6)}"

    async def serve(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.turn()
            except Exception:
                log.exception("tokens could not be renewed; tried again in a minute")
            await asyncio.sleep(ROUND_SECONDS)

    async def turn(self) -> int:
        """Renew what runs out soon; how many."""
        if not self._ending(await self._installed()):
            return 0
        if not await finished(self._store.transact(lambda conn: locks.take(conn, LOCK, self._owner, LEASE_SECONDS))):
            return 0
        try:
            # Read again under the lock: whoever had it before us may have renewed them.
            renewed = [await self._renew(one) for one in self._ending(await self._installed())]
        finally:
            await finished(self._store.transact(lambda conn: locks.release(conn, LOCK, self._owner)))
        if any(renewed):
            await self._seats.load()
        return sum(renewed)

    async def _installed(self) -> list[Installation]:
        return await finished(self._store.look(lambda conn: installations(conn, PLATFORM)))

    def _ending(self, found: list[Installation]) -> list[Installation]:
        until = self._clock() + AHEAD
        return [one for one in found if one.refresh and one.expires_at is not None and one.expires_at <= until]

    async def _renew(self, one: Installation) -> bool:
        refresh = self._keys.unlock(one.refresh)
        if refresh is None:
            return False
        arguments = {**self._secret, "grant_type": "refresh_token", "refresh_token": refresh}
        try:
            granted = await self._calls.form("", "oauth.v2.access", arguments)
        except DeliveryFailed as failed:
            told = {"workspace": one.workspace, "reason": failed.reason}
            log.warning("a token was not renewed", extra=told)
            return False
        token, new = granted.get("access_token"), rotating(granted, self._keys, self._clock())
        if not isinstance(token, str) or new["expires_at"] is None:
            log.warning("a token was not renewed: the answer was not complete", extra={"workspace": one.workspace})
            return False
        locked, expires_at = self._keys.lock(token), new["expires_at"]
        return await finished(self._store.transact(lambda conn: renew(conn, one, locked, new["refresh"], expires_at)))
