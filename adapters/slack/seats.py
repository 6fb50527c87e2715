"""Which workspaces are served and with which token, in memory: no request waits for a look-up."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from adapters.slack.read import Origin
from scheduler.ports import finished
from storage.installations import Installation, installations
from storage.store import Store

PLATFORM = "slack"
log = logging.getLogger(__name__)


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """One workspace: its id with us, its ids at Slack, the bot's own user, and the token."""

    workspace: str
    tenant: str
    team: str
    enterprise: str
    bot: str
    token: str


class Seats:
    """Loaded at the start, again every half minute, and at once when one of ours changes."""

    def __init__(self, store: Store, unlock: Callable[[Installation], str | None]) -> None:
        self._store = store
        self._unlock = unlock
        self._by_team: dict[tuple[str, str], Seat] = {}
        self._by_id: dict[str, Seat] = {}

    async def load(self) -> None:
        found = await finished(self._store.look(lambda conn: installations(conn, PLATFORM)))
        seats = [seat for one in found if (seat := self._seat(one)) is not None]
        self._by_id = {one.workspace: one for one in seats}
        self._by_team = {(one.enterprise if not one.team else "", one.team): one for one in seats}

    def find(self, origin: Origin) -> Seat | None:
        """The workspace itself, else the installation over its whole enterprise."""
        return self._by_team.get(("", origin.team)) or self._by_team.get((origin.enterprise, ""))

    def seat(self, workspace: str) -> Seat | None:
        return self._by_id.get(workspace)

    @property
    def all(self) -> tuple[Seat, ...]:
        return tuple(self._by_id.values())

    def _seat(self, one: Installation) -> Seat | None:
        token = self._unlock(one)
        if token is None:
            told = {"workspace": one.workspace}
            log.error("a token cannot be read with the present keys; install the app again", extra=told)
            return None
        return Seat(
            workspace=one.workspace,
            tenant=one.tenant,
            team=one.team,
            enterprise=one.enterprise,
            bot=one.bot,
            token=token,
        )
