"""How fast we may send to one workspace: Slack's limits, kept a little below.

https://docs.slack.dev/apis/web-api/rate-limits: about one message a second in a conversation, with short bursts, and several
hundred a minute in a workspace.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from bot.domain.waves import PER_MINUTE
from bot.errors import DeliveryFailed

LANE_BURST, LANE_SECONDS = 20, 60 / PER_MINUTE["slack"]
CONVERSATION_BURST, CONVERSATION_SECONDS = 3, 1.0
SLOWEST_SECONDS = 1.0  # between two messages of a workspace, after it was asked to wait again and again
PATIENCE_SECONDS = 4.0  # well under the time a call may take
REMEMBERED = 10_000


class Pace:
    """One workspace's queue: each message waits for its place, or is told when to come back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lane = 0.0
        self._between = LANE_SECONDS
        self._held = 0.0
        self._conversations: dict[str, float] = {}

    async def wait(self, conversation: str) -> None:
        """Raises ``DeliveryFailed`` with ``retry_after`` when it would take too long; then no place is taken."""
        now = self._clock()
        lane = max(self._lane, now - LANE_BURST * LANE_SECONDS) + self._between
        own = max(self._conversations.get(conversation, 0.0), now - CONVERSATION_BURST * CONVERSATION_SECONDS)
        own += CONVERSATION_SECONDS
        delay = max(lane, own, self._held) - now
        if delay > PATIENCE_SECONDS:
            raise DeliveryFailed("our own pace", retry_after=delay, called=False)
        self._lane = lane
        self._remember(conversation, own, now)
        if delay > 0:
            await asyncio.sleep(delay)
        elif self._between > LANE_SECONDS:
            self._between = max(LANE_SECONDS, self._between * 0.98)

    def room(self) -> int:
        """How many messages may be begun now and have their turn within our patience."""
        now = self._clock()
        if self._held - now > PATIENCE_SECONDS:
            return 0
        lane = max(self._lane, now - LANE_BURST * LANE_SECONDS)
        return max(0, int((now + PATIENCE_SECONDS - lane) / self._between))

    def hold(self, seconds: float) -> None:
        """Slack asked to wait: nobody sends before that, and from then on slower."""
        self._held = max(self._held, self._clock() + seconds)
        self._between = min(SLOWEST_SECONDS, self._between * 1.5)

    def _remember(self, conversation: str, until: float, now: float) -> None:
        if len(self._conversations) >= REMEMBERED:
            longest = CONVERSATION_BURST * CONVERSATION_SECONDS
            self._conversations = {id: at for id, at in self._conversations.items() if at > now - longest}
        self._conversations[conversation] = until
