"""More to press than a card may hold: rows of buttons become selects with one button each, so nothing is hidden or lost.

Teams shows six actions of a card; what is beyond stands behind a "..." that says nothing, and not on every client. Rows that
repeat one action, such as a list of times to book, become one select at their end. If that is not enough, the rows that come
last follow: the first rows are what a screen is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from adapters.teams import limits
from bot.messages import Block, Button, Buttons, Choice, Form

FEWEST = 3  # buttons that are worth a select


class Menu(NamedTuple):
    """Buttons shown as one select; ``label`` says what for."""

    label: str
    buttons: tuple[Button, ...]


Shown = Block | Menu
_MORE = "More"


def folded(blocks: Sequence[Block]) -> Sequence[Shown]:
    """The blocks with at most six actions among them. A message that has no more than that is left as it is."""
    room = limits.ACTIONS - sum(isinstance(one, Choice | Form) for one in blocks)
    rows: dict[int, Shown] = {at: one for at, one in enumerate(blocks) if isinstance(one, Buttons)}
    if _cost(rows.values()) <= room:
        return blocks
    rows = _last(_lists(rows, room), max(room, 1))
    return [rows.get(at, one) for at, one in enumerate(blocks) if at in rows or not isinstance(one, Buttons)]


def _cost(rows: Iterable[Shown]) -> int:
    return sum(len(one.buttons) if isinstance(one, Buttons) else 1 for one in rows)


def _lists(rows: dict[int, Shown], room: int) -> dict[int, Shown]:
    """Rows of one and the same action become one select where the last of them stands; the longest list first."""
    alike: dict[str, list[int]] = {}
    for at, one in rows.items():
        actions = {button.action for button in one.buttons} if isinstance(one, Buttons) else set()
        if len(actions) == 1:
            alike.setdefault(actions.pop(), []).append(at)
    for places in sorted(alike.values(), key=lambda places: -_cost([rows[at] for at in places])):
        if _cost(rows.values()) > room and len(places) > 1 and _cost([rows[at] for at in places]) >= FEWEST:
            rows = _merged(rows, places)
    return rows


def _last(rows: dict[int, Shown], room: int) -> dict[int, Shown]:
    """The last rows become selects, as many of them as it takes; when even that is too much, the end is one select."""
    places = list(rows)
    kept = len(places)
    while _cost([rows[at] for at in places[:kept]]) + (kept < len(places)) > room:
        kept -= 1
    rest = places[kept:]
    left = room - _cost([rows[at] for at in places[:kept]])
    for at in rest[: left - 1]:
        rows = _merged(rows, [at])
    return _merged(rows, rest[left - 1 :]) if rest[left - 1 :] else rows


def _merged(rows: dict[int, Shown], places: list[int]) -> dict[int, Shown]:
    """These rows as one select at the place of the last of them; a single button stays one."""
    found = [rows[at] for at in places]
    buttons = tuple(button for one in found if isinstance(one, Buttons | Menu) for button in one.buttons)
    labels = Counter(one.label for one in found if isinstance(one, Buttons | Menu))
    label = next(iter(labels)) if len(labels) == 1 else ""
    menu: Shown = Menu(label or _MORE, buttons) if len(buttons) > 1 else Buttons(buttons)
    return {at: menu if at == places[-1] else one for at, one in rows.items() if at not in places[:-1]}
