"""Keeps a rush of turns from holding the event loop: two go through in each of its rounds, the rest in the next ones.

Each turn costs a millisecond or two of the loop's own time, for the cards. Two dozen that become ready together would
run in one round of the loop, and everything else would wait for all of them.
"""

from __future__ import annotations

import asyncio

MOST = 2


class Turnstile:
    """``await enter()`` before a piece of work that computes for a millisecond or so."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._entered = 0

    async def enter(self) -> None:
        while self._entered >= self._most:  # noqa: ASYNC110 - a round of the loop is what is waited for
            await asyncio.sleep(0)
        if self._entered == 0:
            asyncio.get_running_loop().call_soon(self._next_round)
        self._entered += 1

    def _next_round(self) -> None:
        self._entered = 0
