"""Daily micro-lessons: one idea a working day, one question, the reason at once, and a review before it is forgotten."""

from __future__ import annotations

from bot.features.lessons import (
    aim,
    attention,
    authors,
    commands,
    corrections,
    jobs,
    kinds,
    nudges,
    practice,
    progress,
    rest,
    reviews,
)
from bot.router import Feature

FEATURE = Feature(
    name="lessons",
    commands=[*commands.COMMANDS, *progress.COMMANDS, *reviews.COMMANDS, *authors.COMMANDS, *aim.COMMANDS],
    actions=[*commands.ACTIONS, *attention.ACTIONS, *progress.ACTIONS, *reviews.ACTIONS, *practice.ACTIONS],
    forms=[*authors.FORMS],
    kinds=[kinds.DAILY, nudges.NUDGE, attention.SNOOZED, rest.PAUSED],
    jobs=[jobs.HOLIDAYS, corrections.CORRECTIONS],
    home=progress.home,
    facts=progress.facts,
)
