"""One turn of a conversation: hand an incoming thing to the core, keep the deadline, always get an answer."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from bot.app import App
from bot.domain.conversation import Incoming
from bot.errors import Refusal
from bot.router import Answer

# A handler that has not begun by then is dropped unrun: the platform stops waiting after three seconds.
START_SECONDS = 0.7
log = logging.getLogger(__name__)


async def take(app: App, incoming: Incoming, now: datetime) -> Answer:
    """The answer to show. It is returned only after the commit; after "not saved" no row follows."""
    return (await attempt(app, incoming, now))[0]


async def attempt(app: App, incoming: Incoming, now: datetime) -> tuple[Answer, bool]:
    """The same, and whether it was carried out; if not, the answer says why and nothing was changed."""
    try:
        future = app.handle(incoming, now)
    except KeyError:
        log.warning("an event for a workspace that is not served")
        return Answer(), False
    try:
        if future.done():  # answered from memory: not even a round of the loop
            return future.result(), True
        waiting = asyncio.wrap_future(future)
        done, _ = await asyncio.wait({waiting}, timeout=START_SECONDS)
        # cancel() succeeds only while the store has not begun; after that the outcome is waited for.
        if not done and future.cancel():
            return app.explain(TimeoutError()), False
        return await waiting, True
    except Refusal as refusal:
        return app.explain(refusal), False
    except (Exception, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and not future.cancelled():
            raise  # this task itself is being stopped
        log.exception("a turn failed: %s", type(incoming.event).__name__)
        return app.explain(error), False
