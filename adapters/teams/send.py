"""Sending what the ledger says is due."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from adapters.teams import render
from adapters.teams.addresses import Addresses
from adapters.teams.connector import Connector
from adapters.teams.fitting import TooLarge
from adapters.teams.tokens import TokenRefused
from bot.domain.deliveries import ACCESS_REFUSED, PLACE_GONE, Delivery
from bot.errors import DeliveryFailed
from bot.messages import Message
from scheduler.ports import Parcel
from storage.teams import Conversation

GONE = ("404", "403 BotNotInConversationRoster")  # the conversation is deleted, or the bot was taken out of it
HELD_SECONDS = 300.0  # between two tries with a token that was refused
log = logging.getLogger(__name__)


class TeamsMessenger:
    """Implements ``scheduler.ports.Messenger``. A bot may not read a conversation, so nothing can be looked up."""

    def __init__(
        self,
        connector: Connector,
        workspaces: Mapping[str, Addresses],
        app_id: str,
        offer: Callable[[Conversation, Message], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connector = connector
        self._workspaces = workspaces
        self._offer = offer
        self._bot = {"id": f"28:{app_id}"}
        self._clock = clock
        self._tries_at: float | None = None  # while the token is refused: when one message tries again

    @property
    def looks_up(self) -> bool:
        return False

    def room(self, _workspace: str) -> int:
        return self._connector.room

    async def send(self, parcel: Parcel) -> str:
        """While the token is refused the first message ends, for the administrators to be told of, and all others wait."""
        if self._tries_at is not None:
            if self._clock() < self._tries_at:
                raise _held()
            self._tries_at = self._clock() + HELD_SECONDS
        try:
            id = await self._send(parcel)
        except TokenRefused as refused:
            is_first, self._tries_at = self._tries_at is None, self._clock() + HELD_SECONDS
            if not is_first:
                raise _held() from refused
            log.error(
                "Teams refuses our token: nothing is sent there until it takes it", extra={"reason": refused.reason}
            )
            raise DeliveryFailed(f"{ACCESS_REFUSED}: {refused.reason}", permanent=True) from refused
        self._tries_at = None
        return id

    async def _send(self, parcel: Parcel) -> str:
        addresses = self._workspaces.get(parcel.workspace)
        if addresses is None:
            raise DeliveryFailed("workspace not served", permanent=True)
        to = await self._conversation(addresses, parcel)
        try:
            activity = render.activity(parcel.message)
        except TooLarge as error:
            raise DeliveryFailed(str(error), permanent=True) from error
        if parcel.update_of is not None:
            return await self._update(to, parcel.update_of, parcel.thread, activity)
        try:
            id = await self._post(to, parcel.thread, activity)
        except DeliveryFailed as failed:
            if failed.permanent and failed.reason.startswith(GONE):
                raise DeliveryFailed(f"{PLACE_GONE}: {failed.reason}", permanent=True) from failed
            raise
        self._offer(to, parcel.message)
        return id

    async def look_up(self, delivery: Delivery) -> str | None:
        raise NotImplementedError

    async def _conversation(self, addresses: Addresses, parcel: Parcel) -> Conversation:
        """Where it goes; somebody who has only been met in a channel is written to for the first time."""
        if parcel.address and parcel.member is None:
            return await addresses.spot(parcel.address)
        if parcel.address:
            # Whoever was met elsewhere has no chat with us yet: then the address is the person's own id.
            with suppress(DeliveryFailed):
                return await addresses.spot(parcel.address)
        if parcel.member is None:
            raise DeliveryFailed("no address", permanent=True)
        return await addresses.direct_of(parcel.member)

    async def _post(self, to: Conversation, thread: str | None, activity: Mapping[str, Any]) -> str:
        if to.kind != "channel":
            return await self._connector.post(to.service_url, to.id, activity)
        if thread is not None:
            return await self._connector.post(to.service_url, f"{to.id};messageid={thread}", activity)
        body = {
            "isGroup": True,
            "bot": self._bot,
            "channelData": {"channel": {"id": to.id}},
            "activity": activity,
        }
        conversation, message = await self._connector.create(to.service_url, body, to.id)
        # The thread's id is that of its first message.
        return message or conversation.partition(";messageid=")[2] or conversation

    async def _update(self, to: Conversation, id: str, thread: str | None, activity: Mapping[str, Any]) -> str:
        conversation = f"{to.id};messageid={thread or id}" if to.kind == "channel" else to.id
        await self._connector.put(to.service_url, conversation, id, activity)
        return id


def _held() -> DeliveryFailed:
    return DeliveryFailed(ACCESS_REFUSED, retry_after=HELD_SECONDS, called=False)
