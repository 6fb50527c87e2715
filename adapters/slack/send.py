"""Slack as a platform to send to: one message a parcel, marked so that it can be found when its answer was lost."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from adapters.slack import render
from adapters.slack.answers import quiet
from adapters.slack.calls import BlocksRefused, Calls, TokenRefused
from adapters.slack.files import LOOKED_AT, Files, attachments
from adapters.slack.pace import Pace
from adapters.slack.read import DELIVERY_EVENT
from adapters.slack.seats import Seat, Seats
from bot.domain.deliveries import ACCESS_REFUSED, PLACE_GONE, Delivery
from bot.errors import DeliveryFailed
from bot.messages import Fields, Form, Mention, Message, Note, Span, Text
from scheduler.ports import Parcel, finished
from storage import addresses
from storage.store import Store

HELD_SECONDS = 300.0
GONE_ERRORS = {"channel_not_found", "is_archived", "not_in_channel"}
CONVERSATION = re.compile(r"[CDG][A-Z0-9]+$")

Json = dict[str, Any]
log = logging.getLogger(__name__)


class SlackMessenger:
    """Implements ``scheduler.ports.Messenger`` for every workspace that is served."""

    def __init__(
        self, store: Store, seats: Seats, calls: Calls, files: Files, refused: Callable[[Seat, str], None]
    ) -> None:
        self._store = store
        self._seats = seats
        self._calls = calls
        self._files = files
        self._refused = refused
        self._paces: dict[str, Pace] = {}
        self._silent: dict[str, str] = {}  # workspaces whose token was refused, and that token

    @property
    def looks_up(self) -> bool:
        return True

    def room(self, workspace: str) -> int:
        return self._pace(workspace).room()

    def _pace(self, workspace: str) -> Pace:
        return self._paces.setdefault(workspace, Pace())

    async def send(self, parcel: Parcel) -> str:
        seat = self._seat(parcel.workspace)
        pace = self._pace(seat.workspace)
        await pace.wait(parcel.address)
        try:
            return await self._send(seat, parcel)
        except TokenRefused as refused:
            self._silent[seat.workspace] = seat.token
            self._refused(seat, refused.reason)
            raise DeliveryFailed(f"{ACCESS_REFUSED}: {refused.reason}", permanent=True) from refused
        except DeliveryFailed as failed:
            if failed.retry_after is not None and failed.called:
                pace.hold(failed.retry_after)
            if failed.reason in GONE_ERRORS:
                raise DeliveryFailed(f"{PLACE_GONE}: {failed.reason}", permanent=True) from failed
            raise

    def _seat(self, workspace: str) -> Seat:
        seat = self._seats.seat(workspace)
        if seat is None:
            raise DeliveryFailed("not installed", permanent=True)
        if self._silent.get(workspace) == seat.token:
            raise DeliveryFailed("token refused", retry_after=HELD_SECONDS, called=False)
        return seat

    async def _send(self, seat: Seat, parcel: Parcel) -> str:
        mentions = await self._mentions(seat, parcel.message)
        address = parcel.address  # the person's own id until there is a conversation
        arguments = {
            "channel": address if CONVERSATION.match(address) else await self._files.open_direct(seat, address),
            **quiet(render.message(parcel.message, mentions)),
            "metadata": {"event_type": DELIVERY_EVENT, "event_payload": {"delivery_id": parcel.delivery}},
        }
        if parcel.update_of is not None:
            await self._posted(seat, "chat.update", {**arguments, "ts": parcel.update_of})
            return parcel.update_of
        if parcel.thread is not None:
            arguments["thread_ts"] = parcel.thread
        answer = await self._posted(seat, "chat.postMessage", arguments)
        stamp = answer.get("ts")
        if not isinstance(stamp, str):
            raise DeliveryFailed("answer without ts", ambiguous=True)
        files = attachments(parcel.message.blocks)
        is_whole = await self._files.attach(seat, arguments["channel"], parcel.thread or stamp, files)
        if not is_whole and _can_be_looked_at(arguments["channel"]):
            # The message will be found, and then what is missing is added; elsewhere it would be sent twice.
            raise DeliveryFailed("a file is missing", ambiguous=True)
        return stamp

    async def complete(self, parcel: Parcel, message_id: str) -> None:
        """A message was found: its files may be missing, whether its answer was lost or we were stopped in between."""
        seat, files = self._seats.seat(parcel.workspace), attachments(parcel.message.blocks)
        if seat is None or not files or parcel.update_of is not None or not _can_be_looked_at(parcel.address):
            return
        thread = parcel.thread or message_id
        try:
            missing = await self._files.missing(seat, parcel.address, message_id, thread, files)
        except DeliveryFailed as failed:
            log.warning("whether files are there is not known", extra={"reason": failed.reason})
            return
        await self._files.attach(seat, parcel.address, thread, missing)

    async def _posted(self, seat: Seat, method: str, arguments: Json) -> Json:
        """Post; where the blocks are refused, once more in blocks that every workspace knows."""
        try:
            return await self._calls.call(seat.token, method, arguments)
        except BlocksRefused as refused:
            simple = render.without_native(arguments)
            if simple["blocks"] == arguments["blocks"]:
                raise
            log.warning("again with plain blocks", extra={"method": method, "reason": refused.reason})
            return await self._calls.call(seat.token, method, simple)

    async def _mentions(self, seat: Seat, message: Message) -> Mapping[str, str]:
        members = {span.member for span in spans(message) if isinstance(span, Mention)}
        if not members:
            return {}
        return await finished(self._store.look(lambda conn: addresses.external_ids(conn, seat.workspace, members)))

    async def look_up(self, delivery: Delivery) -> str | None:
        """In direct conversations only."""
        seat = self._seats.seat(delivery.workspace)
        if seat is None or not _can_be_looked_at(delivery.address):
            return None
        query = {"channel": delivery.address, "limit": str(LOOKED_AT), "include_all_metadata": "true"}
        method = "conversations.history"
        if delivery.thread is not None:
            method, query = "conversations.replies", {**query, "ts": delivery.thread}
        found = (await self._calls.form(seat.token, method, query)).get("messages")
        return next((str(one["ts"]) for one in found or () if _is_marked(one, delivery.id)), None)


def _can_be_looked_at(channel: str) -> bool:
    """Direct conversations: for channels we would need scopes that nobody should have to give."""
    return channel.startswith("D")


def _is_marked(message: Json, delivery: int) -> bool:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    return bool(metadata.get("event_type") == DELIVERY_EVENT and payload.get("delivery_id") == delivery)


def spans(message: Message) -> Iterator[Span]:
    """Every span of a message."""
    for block in message.blocks:
        match block:
            case Text(spans=found) | Note(spans=found):
                yield from found
            case Fields(items=items):
                for _, found in items:
                    yield from found
            case Form(intro=found):
                yield from found
            case _:
                continue
