"""What happens in the playground, as it happens: one queue for each page that is open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import msgspec

Name = Literal["message", "update", "private", "clock"]
WAITING_LIMIT = 500  # a page that has stopped reading is dropped; it reloads when it comes back
HEARTBEAT_SECONDS = 15.0


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. ``audience`` None is everybody who may see the place; ``data`` goes to the page."""

    name: Name
    place: str = ""
    audience: str | None = None
    data: dict[str, Any] = {}


class Events:
    """Hands every event to every open page; used on the event loop's thread only."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Event | None]] = set()
        self._closed = False

    def tell(self, event: Event) -> None:
        for queue in list(self._queues):
            if queue.full():
                self._queues.discard(queue)
                queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(event)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)

    async def stream(self, viewer: str) -> AsyncIterator[bytes]:
        """Server-sent events for one person, with a comment now and then to keep the connection alive."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue(WAITING_LIMIT)
        self._queues.add(queue)
        try:
            yield b": hello\nretry: 1000\n\n"
            while not self._closed:
                try:
                    event = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if event is None:
                    return
                if _is_for(event, viewer):
                    yield b"event: %s\ndata: %s\n\n" % (event.name.encode(), msgspec.json.encode(event.data))
        finally:
            self._queues.discard(queue)


def _is_for(event: Event, viewer: str) -> bool:
    if event.audience is not None:
        return event.audience == viewer
    return not event.place.startswith("dm:") or event.place == f"dm:{viewer}"
