"""The weekly quiz: one a week over all channels that want it, in a thread, answered once, in private."""

from __future__ import annotations

from bot.features.quiz.commands import ACTIONS, COMMANDS, facts, home
from bot.features.quiz.kinds import KINDS
from bot.router import Feature

FEATURE = Feature(
    name="quiz", commands=list(COMMANDS), actions=list(ACTIONS), kinds=list(KINDS), home=home, facts=facts
)
