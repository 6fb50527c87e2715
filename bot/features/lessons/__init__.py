"""Daily micro-lessons: one idea a working day, one question, the reason at once."""

from __future__ import annotations

from bot.features.lessons.commands import ACTIONS, COMMANDS, home
from bot.features.lessons.kinds import DAILY
from bot.router import Feature

FEATURE = Feature(name="lessons", commands=list(COMMANDS), actions=list(ACTIONS), kinds=[DAILY], home=home)
