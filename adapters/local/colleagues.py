"""Simulated colleagues: they answer lessons and quizzes through the same front door as everybody, so that figures are real."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

from adapters.local import read
from adapters.local.people import PEOPLE, PLAYED, WORKSPACE
from adapters.local.turns import Turns
from bot.domain.calendar import iso_week
from bot.messages import LABEL_LIMIT, Button, Buttons, clip
from bot.ports.catalog import Catalogs
from scheduler.ports import finished
from storage import playground
from storage.playground import DIRECT, Posted
from storage.store import Store

ANSWERS = ("lessons.answer", "quiz.answer")
AWAY = 22  # percent of weeks in which somebody answers nothing
TAKES_PART = 85  # percent of what is asked in the other weeks
KNOWS = 75  # percent of what is answered
LETTER = len("A. ")


class Colleagues:
    """Acts after each step of the clock. What they do follows from names and messages alone, so a run can be repeated."""

    def __init__(self, store: Store, catalogs: Catalogs, turns: Callable[[], Turns]) -> None:
        self._store = store
        self._catalogs = catalogs
        self._turns = turns
        self._seen = 0
        self._known: tuple[str, frozenset[str]] = ("", frozenset())
        self._accounts = [one.account for one in PEOPLE if one.part not in PLAYED]

    async def begin(self) -> None:
        """What was said before the start stays unanswered."""
        found = await finished(self._store.look(lambda conn: playground.since(conn, WORKSPACE, 0)))
        self._seen = max((one.id for one in found), default=0)

    async def act(self) -> bool:
        """Answer every question that has come since the last time. False when there was nothing to do."""
        found = await finished(self._store.look(lambda conn: playground.since(conn, WORKSPACE, self._seen)))
        for message in found:
            self._seen = message.id
            if message.audience is None:
                await self._answer(message)
        return bool(found)

    async def _answer(self, message: Posted) -> None:
        for row in _questions(message):
            for account in self._present(message.place):
                chance = _chance(account, message.posted_at.date(), row[0].value)
                if chance % 100 < TAKES_PART and not _is_away(account, message):
                    chosen = self._choose(row, chance // 100)
                    await self._turns().press(
                        read.Press(
                            who=account,
                            place=message.place,
                            message=message.id,
                            action=chosen.action,
                            value=chosen.value,
                        )
                    )

    def _present(self, place: str) -> Sequence[str]:
        if not place.startswith(DIRECT):
            return self._accounts
        return [one for one in self._accounts if place == DIRECT + one]

    def _choose(self, row: Sequence[Button], chance: int) -> Button:
        """Most of the time what the pack says is right, where the label shows it; else any."""
        right = [one for one in row if one.label[LETTER:] in self._right_labels()]
        if len(right) == 1 and chance % 100 < KNOWS:
            return right[0]
        return row[chance // 100 % len(row)]

    def _right_labels(self) -> frozenset[str]:
        catalog = self._catalogs.active()
        if self._known[0] != catalog.version:
            texts = (clip(f"A. {one.right.text}", LABEL_LIMIT)[LETTER:] for one in catalog.questions.values())
            self._known = (catalog.version, frozenset(texts))
        return self._known[1]


def _questions(message: Posted) -> list[Sequence[Button]]:
    """The rows of buttons that answer a question."""
    rows = [block.buttons for block in message.message.blocks if isinstance(block, Buttons)]
    answers = ([one for one in row if one.action in ANSWERS] for row in rows)
    return [row for row in answers if len(row) > 1]


def _is_away(account: str, message: Posted) -> bool:
    return _chance(account, iso_week(message.posted_at.date())) % 100 < AWAY


def _chance(*what: object) -> int:
    """A number that follows from who, when and what, and looks like chance."""
    return zlib.crc32(" ".join(map(str, what)).encode())
