"""What we say at once: replies after the commit, one try, in the background. Never the only bearer of a fact."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from adapters.teams import render
from adapters.teams.connector import Connector
from adapters.teams.files import Files, attached
from adapters.teams.turnstile import Turnstile
from bot.errors import DeliveryFailed
from bot.messages import Message
from storage.teams import Conversation

PATIENCE_SECONDS = 20.0  # a reply may wait longer for its turn than a delivery, whose call is timed
SHORT_WAIT = 5.0  # a refusal for at most this long is waited for once
STOP_SECONDS = 5.0
WAITING = 500  # more replies than this under way are dropped rather than piled up
Dress = Callable[[Any], Any]
log = logging.getLogger(__name__)


def _as_it_is(activity: Any) -> Any:
    return activity


class Voice:
    """Posts to conversations, and keeps track of what is still being said."""

    def __init__(self, connector: Connector, turnstile: Turnstile, files: Files) -> None:
        self._connector = connector
        self._files = files
        self._turnstile = turnstile
        self._speaking: set[asyncio.Task[None]] = set()

    async def post(
        self, to: Conversation, message: Message, thread: str | None = None, dress: Dress = _as_it_is
    ) -> str:
        """Returns the message's id. ``dress`` adds to the rendered activity. Raises ``DeliveryFailed``."""
        await self._turnstile.enter()
        id = await self._send(to, dress(render.activity(message)), thread)
        self.offer(to, message)
        return id

    def offer(self, to: Conversation, message: Message) -> None:
        """Ask for the files of a message that has just been shown; only a person's own chat can take them."""
        if to.kind == "direct" and any(attached(message)):
            self.later(self._files.offer(to, message), "a file")

    async def replace(self, to: Conversation, id: str, message: Message) -> None:
        await self._turnstile.enter()
        await self._connector.put(to.service_url, to.id, id, render.activity(message))

    async def typing(self, to: Conversation, thread: str | None = None) -> None:
        await self._connector.post(to.service_url, _threaded(to.id, thread), {"type": "typing"})

    def later(self, saying: Coroutine[Any, Any, object], what: str) -> None:
        """Say it behind the answer; what cannot be said is logged."""
        if len(self._speaking) >= WAITING:
            saying.close()
            log.warning("too many replies under way: one is left out", extra={"what": what})
            return
        task = asyncio.create_task(_tried(saying, what))
        self._speaking.add(task)
        task.add_done_callback(self._speaking.discard)

    async def close(self) -> None:
        """Let what is being said be finished."""
        if self._speaking:
            _, unfinished = await asyncio.wait(self._speaking, timeout=STOP_SECONDS)
            for task in unfinished:
                task.cancel()

    async def _send(self, to: Conversation, activity: Mapping[str, Any], thread: str | None) -> str:
        conversation = _threaded(to.id, thread)
        try:
            return await self._connector.post(to.service_url, conversation, activity, patience=PATIENCE_SECONDS)
        except DeliveryFailed as failure:
            wait = failure.retry_after
            if failure.ambiguous or failure.permanent or wait is None or wait > SHORT_WAIT:
                raise
        await asyncio.sleep(wait)
        return await self._connector.post(to.service_url, conversation, activity, patience=PATIENCE_SECONDS)


def _threaded(conversation: str, thread: str | None) -> str:
    return f"{conversation};messageid={thread}" if thread else conversation


async def _tried(saying: Coroutine[Any, Any, object], what: str) -> None:
    try:
        await saying
    except DeliveryFailed as failure:
        log.warning("a reply could not be sent", extra={"what": what, "reason": failure.reason})
    except Exception:
        log.exception("a reply could not be sent", extra={"what": what})
