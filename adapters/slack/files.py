"""Files on Slack: what a message carries beside its words, where it goes, and the three steps of an upload.

https://docs.slack.dev/messaging/working-with-files#upload
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from adapters import calendar
from adapters.slack.calls import Calls
from adapters.slack.seats import Seat
from bot.errors import DeliveryFailed
from bot.messages import Block, File, Invite
from scheduler.ports import finished
from storage import addresses
from storage.store import Store

LOOKED_AT = 15  # messages of one look: what apps that are not listed get
Attachment = tuple[str, bytes]
log = logging.getLogger(__name__)


def attachments(blocks: Iterable[Block]) -> tuple[Attachment, ...]:
    """Name and bytes of every block that is a file."""
    return tuple(found for block in blocks if (found := _attachment(block)) is not None)


def _attachment(block: Block) -> Attachment | None:
    match block:
        case File(name=name, data=data):
            return name, data
        case Invite():
            return "invite.ics", calendar.ics(block)
        case _:
            return None


class Files:
    """Uploads into conversations, and opens the direct one with somebody who has none yet."""

    def __init__(self, store: Store, calls: Calls) -> None:
        self._store = store
        self._calls = calls

    async def attach(self, seat: Seat, channel: str, thread: str | None, files: Iterable[Attachment]) -> bool:
        """Files go below their message, each tried once. False when trying again may bring one that is missing."""
        is_whole = True
        for name, data in files:
            try:
                await self._upload(seat, channel, thread, name, data)
            except DeliveryFailed as failed:
                log.warning("a file was not uploaded", extra={"reason": failed.reason})
                is_whole = is_whole and failed.permanent
        return is_whole

    async def missing(
        self, seat: Seat, channel: str, stamp: str, thread: str, files: Iterable[Attachment]
    ) -> list[Attachment]:
        """Those that do not stand in the thread after the message of that stamp."""
        query = {"channel": channel, "ts": thread, "oldest": stamp, "limit": str(LOOKED_AT)}
        found = (await self._calls.form(seat.token, "conversations.replies", query)).get("messages")
        there = {
            file.get("title")
            for one in found or ()
            if float(one.get("ts", 0)) > float(stamp)
            for file in one.get("files", ())
        }
        return [(name, data) for name, data in files if name not in there]

    async def _upload(self, seat: Seat, channel: str, thread: str | None, name: str, data: bytes) -> None:
        place = await self._calls.form(
            seat.token, "files.getUploadURLExternal", {"filename": name, "length": str(len(data))}
        )
        await self._calls.upload(str(place.get("upload_url", "")), data)
        ready = {"files": [{"id": place.get("file_id"), "title": name}], "channel_id": channel}
        if thread is not None:
            ready["thread_ts"] = thread
        await self._calls.call(seat.token, "files.completeUploadExternal", ready)

    async def open_direct(self, seat: Seat, external: str) -> str:
        """The conversation with somebody we have not written to yet; its address is kept, for look-ups need it."""
        if not external:
            raise DeliveryFailed("no address", permanent=True)
        try:
            answer = await self._calls.call(seat.token, "conversations.open", {"users": external})
        except DeliveryFailed as failed:
            if failed.permanent:
                raise
            # Opening twice has no effect, and nothing has been sent: whatever it was, it may be tried again.
            raise DeliveryFailed(f"conversations.open: {failed.reason}", retry_after=failed.retry_after) from failed
        channel = answer.get("channel")
        address = channel.get("id") if isinstance(channel, dict) else None
        if not isinstance(address, str) or not address:
            raise DeliveryFailed("conversations.open without a channel")
        await finished(
            self._store.transact(
                lambda conn: addresses.set_address(conn, seat.workspace, external, address), urgent=False
            )
        )
        return address
