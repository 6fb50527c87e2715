"""A month later: did you use it? It rides in the sitting, once a week at most, and only counts reach anybody else."""

from __future__ import annotations

from bot import markdown
from bot.domain.attention import PRACTICE_AFTER, PRACTICE_EVERY
from bot.features.lessons.learners import told
from bot.messages import Block, Button, Buttons, Divider, Text
from bot.router import Action, Answer, Context


def practice_check(ctx: Context) -> list[Block]:
    """The question about the latest lesson that is a month old; nothing when it is too soon to ask again."""
    now = ctx.now
    lesson_id = ctx.store.attention.practised(
        ctx.actor.member, learned_before=now - PRACTICE_AFTER, asked_before=now - PRACTICE_EVERY, now=now
    )
    lesson = ctx.catalog.lessons.get(lesson_id or "")
    if lesson is None:
        return []
    asked = ctx.say("lessons.practice", title=lesson.title, action=markdown.spans(lesson.try_today))
    choices = (
        Button("Yes, I used it", "lessons.used", f"yes:{lesson.id}"),
        Button("Not yet", "lessons.used", f"no:{lesson.id}"),
    )
    return [Divider(), Text(asked), Buttons(choices)]


def _used(ctx: Context, value: str) -> Answer:
    said, _, lesson = value.partition(":")
    if not ctx.store.attention.practice(ctx.actor.member, lesson, said == "yes"):
        return told(ctx, "lessons.practice_before")
    return told(ctx, "lessons.practice_yes" if said == "yes" else "lessons.practice_no")


ACTIONS = (Action(name="lessons.used", run=_used),)
