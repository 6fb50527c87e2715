"""What every part of this feature needs of a learner: that they are one, their day, and when their next lesson comes."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from bot.domain.calendar import day_words, local_date, occurrences, zone_named
from bot.errors import Refusal
from bot.messages import Block, Message, Text, clip, plain
from bot.ports.lessons import Learner
from bot.router import Answer, Context, Work

LOOK_AHEAD = timedelta(days=14)


def enrolled(ctx: Context, *, held: bool = False) -> Learner:
    learner = ctx.store.lessons.learner(ctx.actor.member, held=held)
    if learner is None:
        raise Refusal("lessons.not_enrolled")
    return learner


def today_of(ctx: Context) -> date:
    """The local date of the actor, enrolled or not."""
    return local_date(ctx.actor.zone, ctx.now)


def next_time(work: Work, learner: Learner) -> str:
    """When the next lesson comes, in the learner's own words and zone."""
    if learner.paused and learner.paused_until is None:
        return plain(work.say("lessons.next_when_resumed"))
    found = next_instant(work, learner)
    if found is None:
        return plain(work.say("lessons.next_unknown"))
    local = found.astimezone(zone_named(learner.zone))
    return f"{day_words(local)}, {local:%H:%M}"


def next_instant(work: Work, learner: Learner) -> datetime | None:
    """When the next lesson comes, as far as two weeks tell; None while they are paused until they resume."""
    if learner.paused and learner.paused_until is None:
        return None
    return next((at for _day, at in coming(work, learner)), None)


def coming(work: Work, learner: Learner) -> list[tuple[date, datetime]]:
    """The (local date, instant) pairs of the lessons of the next two weeks, without days off and a pause that ends."""
    person = work.store.people.member(learner.member)
    first = local_date(learner.zone, work.now)
    days_off = work.store.people.days_off(person.region if person else None, first, first + LOOK_AHEAD)
    found = occurrences(learner.rhythm, work.now, work.now + LOOK_AHEAD, days_off)
    return [(day, at) for day, at in found if learner.paused_until is None or day >= learner.paused_until]


def told(ctx: Context, key: str, /, *more: Block, **values: object) -> Answer:
    """A private reply in one wording, and what goes with it."""
    said = ctx.say(key, **values)
    return Answer(inline=Message(clip(plain(said), 300), (Text(said), *more)))
