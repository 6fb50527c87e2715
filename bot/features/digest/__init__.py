"""Participation digests: a manager's own team, published once, in figures that name nobody."""

from __future__ import annotations

from bot.features.digest.commands import ACTIONS, COMMANDS, facts
from bot.features.digest.jobs import PUBLISH
from bot.features.digest.kinds import DIGEST
from bot.router import Feature

FEATURE = Feature(
    name="digest", commands=list(COMMANDS), actions=list(ACTIONS), kinds=[DIGEST], jobs=[PUBLISH], facts=facts
)
