"""Does every screen of a pack fit on both platforms, in its longest role wording and with the longest company words?

A renderer never fails on too much: it cuts and says so. Here such a cut is an error, for an author can still prevent it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

from adapters.cli.preview import Previews
from adapters.slack import fitting as slack_fitting
from adapters.slack import limits as slack_limits
from adapters.slack import render as slack
from adapters.teams import fitting as teams_fitting
from adapters.teams import limits as teams_limits
from adapters.teams import render as teams
from bot.domain.pack import Lesson, Pack
from bot.messages import Heading, Message
from content.catalog import CompiledCatalog
from content.kinds import AnyItem, items
from content.variables import VALUE_LIMIT

_LONGEST = ("longword " * VALUE_LIMIT)[:VALUE_LIMIT].strip()


def misfits(pack: Pack, today: date) -> Iterator[tuple[str, str]]:
    """(id, what is wrong) for every item that a platform would cut or refuse."""
    catalog = CompiledCatalog(pack, "check", {variable.name: _LONGEST for variable in pack.variables})
    previews = Previews(catalog, today)
    for item in items(catalog.pack):
        for wrong in dict.fromkeys(_wrong(previews, item)):
            yield item.id, wrong


def _wrong(previews: Previews, item: AnyItem) -> Iterator[str]:
    role = max(item.why, key=lambda one: len(item.why[one]), default=None) if isinstance(item, Lesson) else None
    try:
        for message in previews.screens(item, role):
            yield from _cuts(message)
    except (ValueError, KeyError) as error:
        yield f"no message can be made of it: {error}"


def _cuts(message: Message) -> Iterator[str]:
    for block in message.blocks:
        if isinstance(block, Heading) and len(block.text) > slack_limits.HEADER:
            yield f"a heading of {len(block.text)} characters, {slack_limits.HEADER} fit in Slack"
    if slack_fitting.CUT in json.dumps(slack.message(message)):
        yield f"a message is cut in Slack at {slack_limits.MESSAGE_BLOCKS} blocks or {slack_limits.MESSAGE_TEXT:,} characters"
    if teams_fitting.CUT in json.dumps(teams.card(message)):
        yield f"a card is cut in Teams at {teams_limits.SIZE_AIM // 1024} KiB"
