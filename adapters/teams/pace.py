"""How fast we may send: the limits of Teams, kept a little below.

https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
Per conversation 7 in a second, 8 in two, 60 in thirty, 1,800 an hour; per app and tenant 50 requests a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from bot.domain.waves import PER_MINUTE
from bot.errors import DeliveryFailed

CONVERSATION_BURST, CONVERSATION_SECONDS = 6, 2.0  # then one in two seconds: 1,800 an hour
LANE_BURST, LANE_SECONDS = 10, 60 / PER_MINUTE["teams"]
PATIENCE_SECONDS = 4.0  # well under the time a call may take
REMEMBERED = 10_000


class Pace:
    """Places in a queue: each caller waits for its own, or is told when to come back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lane = 0.0
        self._conversations: dict[str, float] = {}

    async def wait(self, conversation: str, patience: float = PATIENCE_SECONDS) -> None:
        """Raises ``DeliveryFailed`` with ``retry_after`` when it would take too long; then no place is taken."""
        now = self._clock()
        lane = max(self._lane, now - LANE_BURST * LANE_SECONDS) + LANE_SECONDS
        before = self._conversations.get(conversation, 0.0)
        own = max(before, now - CONVERSATION_BURST * CONVERSATION_SECONDS) + CONVERSATION_SECONDS
        delay = max(lane, own) - now
        if delay > patience:
            raise DeliveryFailed("our own pace", retry_after=delay, called=False)
        self._lane = lane
        self._remember(conversation, own, now)
        if delay > 0:
            await asyncio.sleep(delay)

    def room(self) -> int:
        """How many messages may be begun now and have their turn within our patience."""
        now = self._clock()
        lane = max(self._lane, now - LANE_BURST * LANE_SECONDS)
        return max(0, int((now + PATIENCE_SECONDS - lane) / LANE_SECONDS))

    def hold(self, seconds: float) -> None:
        """Teams asked everybody to wait."""
        self._lane = max(self._lane, self._clock() + seconds)

    def _remember(self, conversation: str, until: float, now: float) -> None:
        if len(self._conversations) >= REMEMBERED:
            longest = CONVERSATION_BURST * CONVERSATION_SECONDS
            self._conversations = {id: at for id, at in self._conversations.items() if at > now - longest}
        self._conversations[conversation] = until
