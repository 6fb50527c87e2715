"""One turn of a conversation: hand an incoming thing to the core, keep the deadline, always get an answer."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import CancelledError
from datetime import datetime

from adapters.watch import NOBODY, Watch
from bot.app import App
from bot.domain.conversation import Incoming
from bot.errors import NotSaved, OutcomeUnknown, Refusal
from bot.router import Answer

# A handler that has not begun by then is dropped unrun: the platform stops waiting after three seconds.
START_SECONDS = 0.7
FORBIDDEN = "app.forbidden"
log = logging.getLogger(__name__)


async def take(app: App, incoming: Incoming, now: datetime) -> Answer:
    """The answer to show. It is returned only after the commit; after "not saved" no row follows."""
    return (await attempt(app, incoming, now))[0]


async def attempt(app: App, incoming: Incoming, now: datetime, watch: Watch = NOBODY) -> tuple[Answer, bool]:
    """The same, and whether it was carried out; if not, the answer says why and nothing was changed."""
    kind = str(incoming.event.__struct_config__.tag)
    try:
        future = app.handle(incoming, now)
    except KeyError:
        watch.turned(kind, "not served")
        log.warning("an event for a workspace that is not served")
        return Answer(), False
    try:
        if future.done():  # answered from memory: not even a round of the loop
            answer = future.result()
        else:
            waiting = asyncio.wrap_future(future)
            done, _ = await asyncio.wait({waiting}, timeout=START_SECONDS)
            # cancel() succeeds only while the store has not begun; after that the outcome is waited for.
            if not done and future.cancel():
                watch.turned(kind, "busy")
                return app.explain(TimeoutError()), False
            answer = await waiting
    except Refusal as refusal:
        watch.turned(kind, "forbidden" if refusal.key == FORBIDDEN else "refused")
        return app.explain(refusal), False
    except (Exception, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and not future.cancelled():
            raise  # this task itself is being stopped
        watch.turned(kind, _failure(error))
        log.exception("a turn failed", extra={"kind": kind})
        return app.explain(error), False
    watch.turned(kind, "done")
    return answer, True


def _failure(error: BaseException) -> str:
    """What the person is told, in one word."""
    match error:
        case asyncio.CancelledError() | CancelledError() | TimeoutError() | NotSaved():
            return "busy"
        case OutcomeUnknown():
            return "unsure"
        case _:
            return "failed"
