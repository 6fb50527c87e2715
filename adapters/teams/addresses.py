"""Who is reached where: what each activity tells is kept, and what is kept is found again, mostly from memory."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable
from datetime import datetime
from functools import partial

from adapters.teams.connector import Connector
from adapters.teams.read import Person, Spot
from bot.errors import DeliveryFailed
from scheduler.ports import finished
from storage.store import Store
from storage.teams import Conversation, Reachable, TeamsAddresses
from storage.tenancy import Workspace

REMEMBERED = 20_000
KEEP_SECONDS = 0.25
log = logging.getLogger(__name__)


class Addresses:
    """Addresses of one workspace. A turn writes here only when something is new, so most turns write nothing."""

    def __init__(
        self,
        *,
        store: Store,
        workspace: Workspace,
        connector: Connector,
        clock: Callable[[], datetime],
        ids: Callable[[], str],
    ) -> None:
        self._store = store
        self._workspace = workspace
        self._connector = connector
        self._clock = clock
        self._ids = ids
        self._kept: set[Hashable] = set()  # what was written as it is now
        self._spots: dict[str, Conversation] = {}

    @property
    def workspace(self) -> str:
        return self._workspace.id

    async def keep(self, spot: Spot, person: Person | None) -> None:
        """Keep what an activity tells about the conversation and who spoke in it, if it is new."""
        if not spot.ours:
            return
        at = Conversation(id=spot.id, kind=spot.kind, service_url=spot.service_url, name=spot.name)
        who = None
        if person is not None:
            direct = spot.id if spot.kind == "direct" else None
            who = Reachable(
                account=person.account, user=person.user, service_url=spot.service_url, direct=direct, zone=person.zone
            )
        self._spots[at.id] = at
        if at in self._kept and (who is None or who in self._kept):
            return
        written = finished(self._store.transact(lambda conn: self._write(TeamsAddresses(conn, *self._here), at, who)))
        # A store that is busy must not hold up the answer; the next turn writes what this one could not.
        task = asyncio.create_task(written)
        task.add_done_callback(partial(self._written, at, who))
        await asyncio.wait({task}, timeout=KEEP_SECONDS)

    async def spot(self, id: str) -> Conversation:
        """A conversation by its id. Raises ``DeliveryFailed`` when it was never seen."""
        known = self._spots.get(id)
        if known is None:
            known = await finished(self._store.look(lambda conn: TeamsAddresses(conn, *self._here).conversation(id)))
            if known is None:
                raise DeliveryFailed("unknown conversation", permanent=True)
            self._spots[id] = known
        return known

    async def direct(self, account: str) -> Conversation:
        """A person's own conversation with us, begun if there is none. Raises ``DeliveryFailed``."""
        return await self._direct(
            await finished(self._store.look(lambda conn: TeamsAddresses(conn, *self._here).person(account)))
        )

    async def direct_of(self, member: str) -> Conversation:
        """The same by member."""
        return await self._direct(
            await finished(self._store.look(lambda conn: TeamsAddresses(conn, *self._here).person_of(member)))
        )

    async def _direct(self, person: Reachable | None) -> Conversation:
        if person is None:
            raise DeliveryFailed("never met here", permanent=True)
        if person.direct is not None:
            return await self.spot(person.direct)
        tenant = self._workspace.team
        body = {
            "bot": {"id": f"28:{self._workspace.app}"},
            "members": [{"id": person.user}],
            "isGroup": False,
            "tenantId": tenant,
            "channelData": {"tenant": {"id": tenant}},
        }
        # Asked twice, Teams gives the same conversation: nothing is lost when the answer is.
        id, _ = await self._connector.create(person.service_url, body, person.user)
        spot = Spot(id=id, kind="direct", service_url=person.service_url)
        await self.keep(spot, Person(account=person.account, user=person.user))
        return await self.spot(id)

    @property
    def _here(self) -> tuple[str, str]:
        return self._workspace.tenant, self._workspace.id

    def _write(self, addresses: TeamsAddresses, at: Conversation, who: Reachable | None) -> None:
        addresses.keep_conversation(at, self._ids(), self._workspace.zone, self._clock())
        if who is not None:
            addresses.keep_person(who)

    def _written(self, at: Conversation, who: Reachable | None, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is not None:
            log.warning("an address could not be kept")
            return
        if len(self._kept) >= REMEMBERED:
            self._kept.clear()
            self._spots.clear()
        self._kept |= {at, who}
