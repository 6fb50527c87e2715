"""The playground as a platform to send to: messages are rows, written in a transaction of their own."""

from __future__ import annotations

from datetime import datetime

from adapters.local.events import Event, Events, Name
from bot.domain.deliveries import Delivery
from bot.errors import DeliveryFailed
from bot.messages import Message
from scheduler.ports import Parcel, finished
from storage import playground
from storage.playground import Posted, Posting
from storage.store import Store

AT_ONCE = 1_000


class Desk:
    """Writes messages and tells the open pages about them."""

    def __init__(self, store: Store, events: Events) -> None:
        self._store = store
        self._events = events
        self.delivered = 0  # messages nobody asked for, since the start

    async def post(self, new: Posting) -> Posted:
        """Write a message; with a key that was used before, nothing is written and the message of then is given."""
        written = await finished(self._store.transact(lambda conn: playground.post(conn, new)))
        self.delivered += new.delivery is not None
        data = {
            "id": written.id,
            "place": new.place,
            "thread": new.thread,
            "summary": new.message.summary,
            "author": new.author,
        }
        name: Name = "message" if new.audience is None else "private"
        self._events.tell(Event(name=name, place=new.place, audience=new.audience, data=data))
        return written

    async def replace(self, workspace: str, id: int, message: Message, at: datetime) -> Posted | None:
        """Put another body in a message's place; None when it is not there."""
        found = await finished(self._store.transact(lambda conn: playground.replace(conn, workspace, id, message, at)))
        if found is None:
            return None
        data = {"id": id, "place": found.place, "thread": found.thread, "summary": message.summary}
        self._events.tell(Event(name="update", place=found.place, audience=found.audience, data=data))
        return found


class LocalMessenger:
    """Implements ``scheduler.ports.Messenger``."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk

    @property
    def looks_up(self) -> bool:
        return True

    def room(self, _workspace: str) -> int:
        """It takes everything at once; as many as a worker takes on at a time."""
        return AT_ONCE

    async def send(self, parcel: Parcel) -> str:
        if parcel.update_of is not None:
            id = int(parcel.update_of)
            if await self._desk.replace(parcel.workspace, id, parcel.message, parcel.at) is None:
                raise DeliveryFailed("message gone", permanent=True)
            return parcel.update_of
        posted = await self._desk.post(
            Posting(
                workspace=parcel.workspace,
                place=_place(parcel),
                thread=int(parcel.thread) if parcel.thread else None,
                message=parcel.message,
                delivery=parcel.delivery,
                at=parcel.at,
            )
        )
        return str(posted.id)

    async def look_up(self, delivery: Delivery) -> str | None:
        id = await finished(self._store.look(lambda conn: playground.delivered(conn, delivery.workspace, delivery.id)))
        return None if id is None else str(id)


def _place(parcel: Parcel) -> str:
    """A channel, or a conversation with somebody. As on every platform it is opened by their own id, if they never wrote."""
    is_opened = parcel.member is None or parcel.address.startswith(playground.DIRECT)
    return parcel.address if is_opened else playground.DIRECT + parcel.address
