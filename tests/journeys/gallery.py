"""Every screen the journeys come by: each shape of them is tried on every platform as soon as it is seen."""

from __future__ import annotations

import atexit
import os
from pathlib import Path
from typing import Any

import msgspec

from bot.messages import Form, Message
from bot.router import Answer
from tests.contracts import reach

KEPT_IN = "COACH_TEST_GALLERY"  # names the file in which the screens are kept at the end of a run
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


def _keep() -> None:
    kinds = [[one for one in SCREENS.values() if isinstance(one, kind)] for kind in (Message, Form)]
    Path(os.environ[KEPT_IN]).write_bytes(msgspec.json.encode(kinds))


if KEPT_IN in os.environ:
    atexit.register(_keep)
