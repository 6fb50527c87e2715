"""What the glossary stores about one person: what they suggested. Look-ups are counted without names."""

from __future__ import annotations

from collections.abc import Sequence

from bot.messages import plain
from bot.router import Context


def facts(ctx: Context) -> Sequence[tuple[str, str]]:
    return [(plain(ctx.say("glossary.fact_suggested")), str(ctx.store.glossary.suggested_by(ctx.actor.member)))]
