"""After 30 and 60 days: did you use it? It rides in the sitting, once a week at most, and only counts reach anybody else."""

from __future__ import annotations

from bot import markdown
from bot.domain.attention import PRACTICE_AFTER
from bot.errors import Refusal
from bot.features.lessons.learners import told
from bot.messages import Block, Button, Buttons, Divider, Text
from bot.ports.attention import Check
from bot.router import Action, Answer, Context


def practice_check(ctx: Context) -> list[Block]:
    """The question about a lesson that is old enough; nothing when it is too soon to ask again."""
    check = ctx.store.attention.practised(ctx.actor.member, ctx.now)
    lesson = ctx.catalog.lessons.get(check.lesson) if check else None
    if check is None or lesson is None:
        return []
    asked = ctx.say(
        "lessons.practice",
        title=lesson.title,
        action=markdown.spans(lesson.try_today),
        again=check.after != PRACTICE_AFTER[0],
    )
    choices = (
        Button("Yes, I used it", "lessons.used", f"yes:{check.after}:{lesson.id}"),
        Button("Not yet", "lessons.used", f"no:{check.after}:{lesson.id}"),
    )
    return [Divider(), Text(asked), Buttons(choices)]


def _used(ctx: Context, value: str) -> Answer:
    said, _, rest = value.partition(":")
    after, _, lesson = rest.partition(":")
    if not (after.isascii() and after.isdecimal() and int(after) in PRACTICE_AFTER):
        raise Refusal("app.expired")
    if not ctx.store.attention.practice(ctx.actor.member, Check(lesson, int(after)), said == "yes"):
        return told(ctx, "lessons.practice_before")
    return told(ctx, "lessons.practice_yes" if said == "yes" else "lessons.practice_no")


ACTIONS = (Action(name="lessons.used", run=_used),)
