"""What a learner can do with a lesson besides answering it: later, known already, unclear, helpful."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.asking import asked, feedback, put, valid_question, verdict
from bot.domain.attention import SNOOZE, SNOOZES
from bot.domain.calendar import clock_text, instant, zone_named
from bot.domain.deliveries import Delivery, Outgoing
from bot.domain.lessons import questions_of
from bot.domain.pack import Lesson
from bot.domain.people import Verb, authorize
from bot.errors import Refusal
from bot.features.lessons.kinds import asking_of, card_of, unwanted
from bot.features.lessons.learners import today_of, told
from bot.features.lessons.progress import finished_tracks
from bot.features.lessons.reviews import onward, own_asking, take
from bot.features.lessons.screens import lesson_card
from bot.messages import Block, Heading, Message, Note, Text, plain
from bot.ports.attention import Mark
from bot.ports.lessons import Asking
from bot.router import Action, Answer, Composed, Context, Kind, OnUnknown, Skip, Work

TEST_OUT = 2  # questions
MIDNIGHT = 24 * 60


def _daily(ctx: Context, value: str) -> Delivery:
    """The delivery behind a button of a lesson card, with its lesson; only the learner's own."""
    asking = ctx.store.lessons.asking(value)
    if asking is None or asking.source != "daily" or not authorize(ctx.actor, Verb.OWN, asking.member):
        raise Refusal("app.expired")
    delivery = ctx.store.ledger.get(int(asking.source_id))
    if delivery is None or delivery.chosen is None:
        raise Refusal("app.expired")
    return delivery


def snooze(ctx: Context, value: str) -> Answer:
    """The same lesson once more in an hour, while it is still today."""
    daily, member = _daily(ctx, value), ctx.actor.member
    ctx.store.lessons.attended(member)
    due = ctx.now + SNOOZE
    midnight = instant(ctx.actor.zone, today_of(ctx), MIDNIGHT)
    is_today = daily.period == today_of(ctx).isoformat() and due < midnight
    for turn in range(1, SNOOZES + 1):
        again = Outgoing(
            kind="snoozed",
            subject=member,
            period=f"{daily.period}+{turn}",
            member=member,
            due_at=due,
            expires_at=midnight,
            payload={"daily": daily.id},
        )
        known = ctx.store.ledger.find(again.key)
        if known is not None and known.state == "ready":
            due = known.due_at
        elif known is not None or not is_today:
            continue
        else:
            ctx.store.ledger.put([again], ctx.now)
        local = due.astimezone(zone_named(ctx.actor.zone))
        return told(ctx, "lessons.snoozed", time=clock_text(local.hour * 60 + local.minute))
    return told(ctx, "lessons.snoozed_enough")


def _guard(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
    reasons = dict(unwanted(work, deliveries))
    histories = work.store.lessons.history([one.member for one in deliveries if one.member])
    for one in deliveries:
        daily = work.store.ledger.get(one.payload["daily"])
        if daily is None or daily.chosen is None:
            reasons[one.id] = "lesson gone"
        elif daily.chosen["lesson"] in histories[one.member or ""].done:
            reasons[one.id] = "answered"
    return reasons


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    learners = work.store.lessons.learners([one.member for one in deliveries if one.member])
    composed: dict[int, Composed | Skip] = {}
    for one in deliveries:
        daily = work.store.ledger.get(one.payload["daily"])
        if daily is None or daily.chosen is None:
            composed[one.id] = Skip("lesson gone")
            continue
        catalog = work.catalogs.at(daily.chosen["pack"])
        asking = asking_of(daily, catalog.lessons[daily.chosen["lesson"]], catalog)
        card = card_of(catalog, learners[one.member or ""], daily, asking)
        composed[one.id] = Composed(lesson_card(work.texts, catalog, card))
    return composed


def know(ctx: Context, value: str) -> Answer:
    """Test out: two questions of the lesson, both right, and it counts as known."""
    daily = _daily(ctx, value)
    ctx.store.lessons.attended(ctx.actor.member)
    lesson = _lesson(ctx, daily)
    if lesson.id in ctx.store.lessons.done([ctx.actor.member])[ctx.actor.member]:
        return told(ctx, "lessons.known_before")
    askings = _put(ctx, daily, lesson)
    given = [ctx.store.lessons.given(one.id, ctx.actor.member) for one in askings]
    if any(one is not None and not one.correct for one in given):
        return told(ctx, "lessons.know_not_yet")
    at = next(at for at, one in enumerate(given) if one is None)
    return Answer(inline=Message(_title(ctx, askings, at), tuple(_question(ctx, askings, at))))


def _lesson(ctx: Context, daily: Delivery) -> Lesson:
    chosen = daily.chosen or {}
    return ctx.catalogs.at(chosen["pack"]).lessons[chosen["lesson"]]


def _put(ctx: Context, daily: Delivery, lesson: Lesson) -> list[Asking]:
    """The sister questions first: the core question stands on the card."""
    catalog = ctx.catalogs.at((daily.chosen or {})["pack"])
    core, *sisters = questions_of(lesson)
    known = [one for one in (*sisters, core) if one in catalog.questions][:TEST_OUT]
    askings = [
        put(
            catalog.questions[one],
            id=f"known-{daily.id}-{at}",
            source="known",
            source_id=str(daily.id),
            position=at,
            pack=catalog.version,
            member=ctx.actor.member,
        )
        for at, one in enumerate(known, start=1)
    ]
    ctx.store.lessons.ask(askings)
    return askings


def _title(ctx: Context, askings: Sequence[Asking], at: int) -> str:
    return plain(ctx.say("lessons.know_title", number=at + 1, total=len(askings)))


def _question(ctx: Context, askings: Sequence[Asking], at: int) -> list[Block]:
    asking = askings[at]
    question = ctx.catalogs.at(asking.pack).questions[asking.question]
    shown = asked(ctx.texts, question, asking, "lessons.know_answer", unsure=True)
    return [Heading(_title(ctx, askings, at)), *shown]


def know_answer(ctx: Context, value: str) -> Answer:
    """One of the questions of a test-out was answered."""
    asking, option = own_asking(ctx, value, "known")
    daily = ctx.store.ledger.get(int(asking.source_id))
    if daily is None or daily.chosen is None:
        raise Refusal("app.expired")
    given = take(ctx, asking, option)
    lesson = _lesson(ctx, daily)
    askings = _put(ctx, daily, lesson)
    blocks = feedback(ctx.texts, valid_question(ctx, asking), asking, given)
    return Answer(
        inline=Message(verdict(ctx.texts, given), (*blocks, *_outcome(ctx, lesson, askings, asking))), replace=True
    )


def _outcome(ctx: Context, lesson: Lesson, askings: Sequence[Asking], asking: Asking) -> list[Block]:
    member = ctx.actor.member
    given = [ctx.store.lessons.given(one.id, member) for one in askings]
    if any(one is not None and not one.correct for one in given):
        return [Text(ctx.say("lessons.know_not_yet"))]
    if asking.position < len(askings):
        return _question(ctx, askings, asking.position)
    if ctx.store.lessons.finish(member, lesson.id, lesson.rev, "known", ctx.now):
        ctx.store.participation.add(member, today_of(ctx), "lessons")
        return [Text(ctx.say("lessons.known", title=lesson.title)), *finished_tracks(ctx, lesson.id), *onward(ctx)]
    return [Note(ctx.say("lessons.known_before"))]


def _mark(what: Mark, key: str) -> Action:
    def run(ctx: Context, value: str) -> Answer:
        """Only the count reaches the author."""
        daily = _daily(ctx, value)
        ctx.store.lessons.attended(ctx.actor.member)
        ctx.store.attention.mark(ctx.actor.member, _lesson(ctx, daily).id, what, ctx.now)
        return told(ctx, key)

    return Action(name=f"lessons.{what}", run=run)


SNOOZED = Kind(name="snoozed", guard=_guard, compose=_compose, on_unknown=OnUnknown.HOLD)
ACTIONS = (
    Action(name="lessons.snooze", run=snooze),
    Action(name="lessons.know", run=know),
    Action(name="lessons.know_answer", run=know_answer),
    _mark("unclear", "lessons.unclear"),
    _mark("like", "lessons.like"),
)
