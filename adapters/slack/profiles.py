"""Names and time zones from Slack's profiles, and names of channels, read after somebody's first turn and never before an answer."""

from __future__ import annotations

import logging

from adapters.slack.calls import Calls
from adapters.slack.seats import Seat
from bot.domain.calendar import is_zone
from bot.domain.wording import one_line
from bot.errors import DeliveryFailed
from bot.messages import clip
from bot.ports.accounts import Accounts
from scheduler.ports import finished
from storage import addresses
from storage.store import Store

REMEMBERED = 100_000
NAME_LIMIT = 80
log = logging.getLogger(__name__)


class Profiles:
    """Reads each profile once in a process's life, and only of somebody whose time zone is not known."""

    def __init__(self, store: Store, calls: Calls, accounts: Accounts) -> None:
        self._store = store
        self._calls = calls
        self._accounts = accounts
        self._met: set[tuple[str, str]] = set()

    def is_new(self, seat: Seat, account: str) -> bool:
        """Whether nobody has looked yet."""
        return (seat.workspace, account) not in self._met

    async def meet(self, seat: Seat, account: str) -> None:
        key = (seat.workspace, account)
        if key in self._met:
            return
        if len(self._met) >= REMEMBERED:
            self._met.clear()
        self._met.add(key)
        unknown = await finished(self._store.look(lambda conn: addresses.is_stranger(conn, *key)))
        if not unknown:
            return
        try:
            user = (await self._calls.form(seat.token, "users.info", {"user": account})).get("user")
        except DeliveryFailed as failed:
            log.warning("a profile was not read", extra={"method": "users.info", "reason": failed.reason})
            if not failed.permanent:  # a missing scope is not asked for again and again
                self._met.discard(key)
            return
        if isinstance(user, dict):
            name, zone = profile(user)
            await finished(self._store.transact(lambda conn: addresses.introduce(conn, *key, name, zone), urgent=False))
            self._accounts.forget(*key)

    async def name_channel(self, seat: Seat, channel: str) -> None:
        """The name of a channel we came into; without the scope for it, it keeps its id as its name."""
        try:
            found = (await self._calls.form(seat.token, "conversations.info", {"channel": channel})).get("channel")
        except DeliveryFailed as failed:
            log.info("a channel was not read", extra={"method": "conversations.info", "reason": failed.reason})
            return
        name = found.get("name") if isinstance(found, dict) else None
        if isinstance(name, str) and name:
            named = clip(one_line(name), NAME_LIMIT)
            await finished(
                self._store.transact(
                    lambda conn: addresses.name_channel(conn, seat.workspace, channel, named), urgent=False
                )
            )


def profile(user: dict[str, object]) -> tuple[str, str | None]:
    """Name and time zone of a Slack user object."""
    inner = user.get("profile")
    shown = inner.get("display_name") if isinstance(inner, dict) else None
    name = next((one for one in (shown, user.get("real_name"), user.get("name")) if isinstance(one, str) and one), "")
    zone = user.get("tz")
    return clip(one_line(name), NAME_LIMIT), zone if isinstance(zone, str) and is_zone(zone) else None
