"""Every screen the journeys come by: each shape of them is tried on every platform as soon as it is seen."""

from __future__ import annotations

from typing import Any

from bot.messages import Form, Message
from bot.router import Answer
from tests.contracts import reach

SCREENS: dict[tuple[Any, ...], Message | Form] = {}


def see(screen: Message | Form) -> None:
    """Fail if a platform leaves something on it out of reach."""
    shape = reach.shape(screen)
    if shape not in SCREENS:
        SCREENS[shape] = screen
        reach.check(screen)


def see_all(answer: Answer) -> Answer:
    for screen in (answer.inline, answer.home, answer.opens):
        if screen is not None:
            see(screen)
    return answer
