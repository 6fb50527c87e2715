"""Answering the lesson of the day, looking at it again, and stopping for a while."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from bot.asking import feedback, valid_question, verdict
from bot.domain.calendar import day_words, local_date
from bot.domain.deliveries import Delivery
from bot.domain.pauses import until
from bot.errors import Refusal
from bot.features.lessons.corrections import corrections
from bot.features.lessons.kinds import asking_of, card_of
from bot.features.lessons.learners import enrolled, next_time, today_of, told
from bot.features.lessons.practice import practice_check
from bot.features.lessons.progress import finished_tracks
from bot.features.lessons.reviews import onward, own_asking, take
from bot.features.lessons.screens import lesson_card
from bot.messages import Block, Button, Buttons, Message, Text, clip, plain
from bot.ports.lessons import Asking, Given
from bot.router import Action, Answer, Command, Context, Needs


def answer(ctx: Context, value: str) -> Answer:
    """An option of a daily question was pressed. The first answer counts; a later press shows what counted."""
    asking, option = own_asking(ctx, value, "daily")
    given = take(ctx, asking, option)
    delivery = ctx.store.ledger.get(int(asking.source_id))
    after: list[Block] = []
    if delivery is not None and delivery.chosen is not None:
        lesson, rev = delivery.chosen["lesson"], delivery.chosen["rev"]
        if ctx.store.lessons.finish(ctx.actor.member, lesson, rev, "answered", ctx.now):
            ctx.store.participation.add(ctx.actor.member, today_of(ctx), "lessons")
            after = [*corrections(ctx), *finished_tracks(ctx, lesson), *practice_check(ctx)]
    return Answer(inline=_answered(ctx, asking, given, delivery, [*after, *onward(ctx)]), replace=True)


def _answered(ctx: Context, asking: Asking, given: Given, delivery: Delivery | None, after: list[Block]) -> Message:
    """The card with its feedback; only the feedback when the delivery is past its retention."""
    catalog = ctx.catalogs.at(asking.pack)
    learner = ctx.store.lessons.learner(ctx.actor.member)
    said = verdict(ctx.texts, given)
    if delivery is None or delivery.chosen is None or learner is None:
        return Message(said, (*feedback(ctx.texts, valid_question(ctx, asking), asking, given), *after))
    card = replace(card_of(catalog, learner, delivery, asking), valid=valid_question(ctx, asking))
    shown = lesson_card(ctx.texts, catalog, card, given, after)
    return Message(clip(f"{said} {card.lesson.title}", 300), shown.blocks)


def today(ctx: Context, _words: str) -> Answer:
    """Today's lesson again, or when the next one comes."""
    learner = enrolled(ctx)
    latest = next(iter(ctx.store.ledger.sent_to(ctx.actor.member, ["daily"], 1)), None)
    day = local_date(learner.zone, ctx.now)
    if latest is None or latest.chosen is None or latest.period != day.isoformat():
        if learner.paused and (learner.paused_until is None or day < learner.paused_until):
            return told(ctx, "lessons.none_while_paused", _resume_button(), when=next_time(ctx, learner))
        return told(ctx, "lessons.none_today", when=next_time(ctx, learner))
    catalog = ctx.catalogs.at(latest.chosen["pack"])
    asking = asking_of(latest, catalog.lessons[latest.chosen["lesson"]], catalog)
    given = ctx.store.lessons.given(asking.id, ctx.actor.member)
    after = onward(ctx) if given else []
    return Answer(inline=lesson_card(ctx.texts, catalog, card_of(catalog, learner, latest, asking), given, after))


def pause(ctx: Context, words: str) -> Answer:
    """No lessons until a date, or until they resume."""
    learner = enrolled(ctx, held=True)
    try:
        day = until(words, local_date(learner.zone, ctx.now))
    except ValueError as error:
        raise Refusal("lessons.pause_when", words=clip(words, 60)) from error
    ctx.store.lessons.save(msgspec.structs.replace(learner, paused=True, paused_until=day))
    for kind in ("daily", "nudge", "snoozed"):
        ctx.store.ledger.skip("paused", kind=kind, member=learner.member)
    said = ctx.say("lessons.paused", day=f"{day_words(day)} {day.year}" if day else "")
    return Answer(inline=Message(plain(said), (Text(said), _resume_button())))


def press_pause(ctx: Context, _value: str) -> Answer:
    """The button under a lesson: until they resume. On an old card it changes nothing about a pause there is."""
    learner = enrolled(ctx)
    day = local_date(learner.zone, ctx.now)
    if learner.paused and (learner.paused_until is None or day < learner.paused_until):
        return told(ctx, "lessons.paused_already", _resume_button(), when=next_time(ctx, learner))
    return pause(ctx, "")


def _resume_button() -> Buttons:
    return Buttons((Button("Resume", "lessons.resume"),))


def resume(ctx: Context, _words: str) -> Answer:
    """Lessons again, today's still if its time is not over; nothing that was missed is made up for."""
    learner = enrolled(ctx, held=True)
    if not learner.paused:
        return told(ctx, "lessons.not_paused", when=next_time(ctx, learner))
    back = msgspec.structs.replace(learner, paused=False, paused_until=None, ignored=0)
    ctx.store.lessons.save(back)
    ctx.store.lessons.replan(learner.member, ctx.now)
    today = ctx.store.ledger.find(("daily", learner.member, local_date(learner.zone, ctx.now).isoformat()))
    is_due = today is not None and today.state == "ready" and today.due_at <= ctx.now
    return told(ctx, "lessons.resumed", when=next_time(ctx, back), is_due=is_due)


COMMANDS = (
    Command(
        name="today",
        run=today,
        needs=Needs.READ,
        summary="Today's lesson again",
        words=("lesson",),
        examples=("today",),
    ),
    Command(
        name="pause",
        run=pause,
        needs=Needs.WRITE,
        summary="No lessons for a while",
        arguments="[until]",
        examples=("pause", "pause until friday", "pause 2 weeks", "pause 2027-01-04"),
    ),
    Command(name="resume", run=resume, needs=Needs.WRITE, summary="Lessons again", examples=("resume",)),
)
ACTIONS = (
    Action(name="lessons.answer", run=answer),
    Action(name="lessons.resume", run=resume),
    Action(name="lessons.pause", run=press_pause),
)
