"""Office hours: hosts open weekly times, everybody books them with a question, and nobody is booked twice."""

from __future__ import annotations

from bot.features.office_hours import commands, kinds
from bot.router import Feature

FEATURE = Feature(
    name="office_hours",
    commands=commands.COMMANDS,
    actions=commands.ACTIONS,
    forms=commands.FORMS,
    kinds=kinds.KINDS,
    home=commands.home,
    facts=commands.facts,
    left=commands.left,
    merging=commands.merging,
)
