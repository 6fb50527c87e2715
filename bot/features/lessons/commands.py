"""Answering, looking back, and stopping for a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from bot.asking import feedback, pressed, verdict
from bot.domain.calendar import local_date, occurrences, zone_named
from bot.domain.pauses import until
from bot.domain.people import Verb, authorize
from bot.errors import Refusal
from bot.features.lessons.kinds import asking_of, card_of
from bot.features.lessons.screens import lesson_card
from bot.messages import Block, Button, Buttons, Fields, Message, Note, Plain, Progress, Text, clip, plain
from bot.ports.lessons import Asking, Given, Learner
from bot.router import Action, Answer, Command, Context, Needs

LOOK_AHEAD = timedelta(days=14)


def answer(ctx: Context, value: str) -> Answer:
    """An option of a daily question was pressed. The first answer counts; a later press shows what counted."""
    asking, option = _pressed(ctx, value)
    question = ctx.catalogs.at(asking.pack).questions[asking.question]
    correct = option == question.right.id
    if ctx.store.lessons.answer(Given(asking.id, ctx.actor.member, option, correct, ctx.now)):
        _record(ctx, asking)
    given = ctx.store.lessons.given(asking.id, ctx.actor.member)
    if given is None:
        raise RuntimeError("an answer that was recorded can be read")
    return Answer(inline=_answered(ctx, asking, given), replace=True)


def _pressed(ctx: Context, value: str) -> tuple[Asking, str]:
    """The asking and the option letter behind a button; what a card sends back can be forged, so all is checked."""
    id, _, at = value.partition(":")
    asking = ctx.store.lessons.asking(id)
    if asking is None or not authorize(ctx.actor, Verb.OWN, asking.member):
        raise Refusal("app.expired")
    option = pressed(asking, at)
    if option is None:
        raise Refusal("app.expired")
    return asking, option


def _record(ctx: Context, asking: Asking) -> None:
    day = local_date(ctx.actor.zone, ctx.now)
    ctx.store.participation.add(ctx.actor.member, day, "answers")
    delivery = ctx.store.ledger.get(int(asking.source_id))
    if delivery is not None and delivery.chosen is not None:
        lesson, rev = delivery.chosen["lesson"], delivery.chosen["rev"]
        if ctx.store.lessons.finish(ctx.actor.member, lesson, rev, "answered", ctx.now):
            ctx.store.participation.add(ctx.actor.member, day, "lessons")


def _answered(ctx: Context, asking: Asking, given: Given) -> Message:
    """The card with its feedback; only the feedback when the delivery is past its retention."""
    catalog = ctx.catalogs.at(asking.pack)
    delivery = ctx.store.ledger.get(int(asking.source_id))
    learner = ctx.store.lessons.learner(ctx.actor.member)
    question = catalog.questions[asking.question]
    said = verdict(ctx.texts, given)
    if delivery is None or delivery.chosen is None or learner is None:
        return Message(said, tuple(feedback(ctx.texts, question, asking, given)))
    lesson = catalog.lessons[delivery.chosen["lesson"]]
    card = lesson_card(ctx.texts, catalog, card_of(catalog, learner, lesson, asking), given)
    return Message(clip(f"{said} {lesson.title}", 300), card.blocks)


def today(ctx: Context, _words: str) -> Answer:
    """Today's lesson again, or when the next one comes."""
    learner = _enrolled(ctx)
    latest = next(iter(ctx.store.ledger.sent_to(ctx.actor.member, ["daily"], 1)), None)
    if latest is None or latest.chosen is None or latest.period != local_date(learner.zone, ctx.now).isoformat():
        return _told(ctx, "lessons.none_today", when=next_time(ctx, learner))
    catalog = ctx.catalogs.at(latest.chosen["pack"])
    lesson = catalog.lessons[latest.chosen["lesson"]]
    asking = asking_of(latest, lesson, catalog)
    given = ctx.store.lessons.given(asking.id, ctx.actor.member)
    return Answer(inline=lesson_card(ctx.texts, catalog, card_of(catalog, learner, lesson, asking), given))


def progress(ctx: Context, _words: str) -> Answer:
    """How far the learner has come; for their eyes alone."""
    learner = _enrolled(ctx)
    blocks = _progress(ctx, learner)
    return Answer(inline=Message(plain(ctx.say("lessons.progress_title")), (*blocks, Note(ctx.say("lessons.private")))))


def _progress(ctx: Context, learner: Learner) -> Sequence[Block]:
    track = ctx.catalog.tracks.get(learner.track)
    lessons = track.lessons if track else ()
    done = ctx.store.lessons.done([learner.member])[learner.member]
    counts = ctx.store.lessons.counts(learner.member)
    label = track.name if track else learner.track
    return (
        Progress(label, len(done.intersection(lessons)), len(lessons)),
        Fields(
            (
                (plain(ctx.say("lessons.label_answers")), (Plain(f"{counts['right']} / {counts['answers']}"),)),
                (plain(ctx.say("lessons.label_next")), (Plain(next_time(ctx, learner)),)),
            )
        ),
    )


def home(ctx: Context) -> Sequence[Block]:
    """The learner's part of the home view."""
    learner = ctx.store.lessons.learner(ctx.actor.member)
    if learner is None:
        return [Text(ctx.say("lessons.not_enrolled")), Buttons((Button("Start learning", "settings.change"),))]
    return _progress(ctx, learner)


def pause(ctx: Context, words: str) -> Answer:
    """No lessons until a date, or until they resume."""
    learner = _enrolled(ctx)
    try:
        day = until(words, local_date(learner.zone, ctx.now))
    except ValueError as error:
        raise Refusal("lessons.pause_when", words=clip(words, 60)) from error
    ctx.store.lessons.save(msgspec.structs.replace(learner, paused=True, paused_until=day))
    ctx.store.ledger.skip("paused", kind="daily", member=learner.member)
    said = ctx.say("lessons.paused", day=f"{day:%A %d %B %Y}" if day else "")
    return Answer(inline=Message(plain(said), (Text(said), Buttons((Button("Resume", "lessons.resume"),)))))


def resume(ctx: Context, _words: str) -> Answer:
    """Lessons again, today's still if its time is not over; nothing that was missed is made up for."""
    learner = _enrolled(ctx)
    if not learner.paused:
        return _told(ctx, "lessons.not_paused", when=next_time(ctx, learner))
    back = msgspec.structs.replace(learner, paused=False, paused_until=None, ignored=0)
    ctx.store.lessons.save(back)
    ctx.store.lessons.replan(learner.member, ctx.now)
    today = ctx.store.ledger.find(("daily", learner.member, local_date(learner.zone, ctx.now).isoformat()))
    is_due = today is not None and today.state == "ready" and today.due_at <= ctx.now
    return _told(ctx, "lessons.resumed", when=next_time(ctx, back), is_due=is_due)


def next_time(ctx: Context, learner: Learner) -> str:
    """When the next lesson comes, in the learner's own words and zone."""
    if learner.paused and learner.paused_until is None:
        return plain(ctx.say("lessons.next_when_resumed"))
    found = _next_occurrence(ctx, learner)
    if found is None:
        return plain(ctx.say("lessons.next_unknown"))
    return f"{found.astimezone(zone_named(learner.zone)):%A %d %B, %H:%M}"


def _next_occurrence(ctx: Context, learner: Learner) -> datetime | None:
    person = ctx.store.people.member(learner.member)
    first = local_date(learner.zone, ctx.now)
    days_off = ctx.store.people.days_off(person.region if person else None, first, first + LOOK_AHEAD)
    coming = occurrences(learner.rhythm, ctx.now, ctx.now + LOOK_AHEAD, days_off)
    resumed = learner.paused_until
    return next((at for day, at in coming if resumed is None or day >= resumed), None)


def _enrolled(ctx: Context) -> Learner:
    learner = ctx.store.lessons.learner(ctx.actor.member)
    if learner is None:
        raise Refusal("lessons.not_enrolled")
    return learner


def _told(ctx: Context, key: str, /, **values: object) -> Answer:
    said = ctx.say(key, **values)
    return Answer(inline=Message(plain(said), (Text(said),)))


COMMANDS = (
    Command(
        name="today",
        run=today,
        needs=Needs.READ,
        summary="Today's lesson again",
        words=("lesson",),
        examples=("today",),
    ),
    Command(name="progress", run=progress, needs=Needs.READ, summary="How far you have come", examples=("progress",)),
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
)
