"""Answering a quiz, seeing where it stands, and giving a channel its weekly quiz."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.asking import learned, pressed, valid_question
from bot.domain.calendar import local_date
from bot.domain.people import Verb, authorize
from bot.domain.quizzes import Times, next_opening, shown_count
from bot.errors import Refusal
from bot.features.quiz.kinds import refresh
from bot.features.quiz.screens import answered, question_card, took_part, when
from bot.messages import (
    LABEL_LIMIT,
    SUMMARY_LIMIT,
    Block,
    Button,
    Buttons,
    Heading,
    Message,
    Note,
    Spans,
    Text,
    clip,
    plain,
)
from bot.ports.lessons import Asking, Given
from bot.ports.people import Channel
from bot.ports.quiz import Post, Run
from bot.router import Action, Answer, Command, Context, Needs


def answer(ctx: Context, value: str) -> Answer:
    """An option was pressed. The first answer in time counts; every other press shows what counted, or why none does."""
    asking, option = _pressed(ctx, value)
    run = _run(ctx, asking.source_id)
    closes_at = _closes_at(ctx, run)
    is_new = ctx.now < closes_at and _take(ctx, run, asking, option)
    given = ctx.store.lessons.given(asking.id, ctx.actor.member)
    if given is None and ctx.now < run.closes_at:  # closed here, while an answer would still count elsewhere
        return _private(ctx, _closed(ctx, run, closes_at))
    askings = ctx.store.quiz.askings(run.week)
    told: list[Block] = []
    if given is None:
        told.append(Note(ctx.say("quiz.answered_too_late", closes=when(closes_at, ctx.actor.zone))))
    elif is_new:
        told += _onward(ctx, run, askings, closes_at)
    else:
        told.append(Note(ctx.say("quiz.counted_before")))
    reply = answered(ctx.texts, valid_question(ctx, asking), asking, given, len(askings), told)
    return _private(ctx, reply)


def _pressed(ctx: Context, value: str) -> tuple[Asking, str]:
    """The asking and the option behind a button; what a message sends back can be forged, so all is checked."""
    id, _, at = value.partition(":")
    asking = ctx.store.lessons.asking(id)
    option = pressed(asking, at) if asking is not None and asking.source == "quiz" else None
    if asking is None or option is None:
        raise Refusal("app.expired")
    return asking, option


def _run(ctx: Context, week: str) -> Run:
    run = ctx.store.quiz.run(week)
    if run is None or ctx.now < run.opens_at:
        raise Refusal("app.expired")
    return run


def _closes_at(ctx: Context, run: Run) -> datetime:
    """When the quiz closes where this was pressed; anywhere else, when it has closed in every channel."""
    here = _channel(ctx)
    posts = ctx.store.quiz.posts(run.week) if here is not None else ()
    return next((one.closes_at for one in posts if here is not None and one.channel == here.id), run.closes_at)


def _take(ctx: Context, run: Run, asking: Asking, option: str) -> bool:
    """Record an answer. The unique key decides, in however many channels and however often it is pressed."""
    question = valid_question(ctx, asking)
    given = Given(asking.id, ctx.actor.member, option, option == question.right.id, ctx.now)
    if not ctx.store.lessons.answer(given):
        return False
    day = local_date(ctx.actor.zone, ctx.now)
    ctx.store.participation.add(ctx.actor.member, day, "quiz_answers")
    if not given.correct:
        learned(ctx, ctx.actor.member, question, right=False, day=day)
    if len(ctx.store.quiz.answered(run.week, ctx.actor.member)) == 1:  # one more person takes part
        refresh(ctx, run)
    return True


def _onward(ctx: Context, run: Run, askings: Sequence[Asking], closes_at: datetime) -> list[Block]:
    done = len(ctx.store.quiz.answered(run.week, ctx.actor.member))
    left = len(askings) - done
    closes = when(closes_at, ctx.actor.zone)
    said: list[Block] = [Text(ctx.say("quiz.counted", done=done, total=len(askings), left=left, closes=closes))]
    return [*said, Buttons((Button("Next question", "quiz.next", run.week),))] if left else said


def next_question(ctx: Context, week: str) -> Answer:
    """The first question of a week that the actor has not answered, for them alone."""
    run = _run(ctx, week)
    closes_at = _closes_at(ctx, run)
    if ctx.now >= closes_at:
        return _private(ctx, _closed(ctx, run, closes_at))
    askings = ctx.store.quiz.askings(week)
    done = ctx.store.quiz.answered(week, ctx.actor.member)
    waiting = next((one for one in askings if one.id not in done), None)
    if waiting is None:
        return _private(ctx, _said(ctx, "quiz.all_answered"))
    return _private(ctx, question_card(ctx.texts, ctx.catalogs.at(run.pack), waiting, len(askings)))


def _closed(ctx: Context, run: Run, closes_at: datetime) -> Message:
    """That no answer counts here any more, and where the answers are or when they come: not before all have closed."""
    if ctx.now < run.closes_at:
        return _said(ctx, "quiz.closed_results_later", results=when(run.closes_at, ctx.actor.zone))
    return _said(ctx, "quiz.closed", closes=when(closes_at, ctx.actor.zone))


def show(ctx: Context, _words: str) -> Answer:
    """Where the quiz stands: in a channel that channel's, elsewhere what the actor can still answer."""
    return Answer(inline=_channel_state(ctx) if _is_channel(ctx) else _own_state(ctx))


def _channel_state(ctx: Context) -> Message:
    channel = _channel(ctx)
    latest = ctx.store.quiz.latest(channel.id) if channel else None
    wanted = ctx.store.quiz.subscription(channel.id) if channel else None
    if channel is None or (latest is None and wanted is None):
        return _said(ctx, "quiz.none_here")
    blocks: list[Block] = [Heading(plain(ctx.say("quiz.state_title")))]
    if latest is not None:
        blocks += _post_state(ctx, latest, channel)
    if wanted is None:
        blocks.append(Note(ctx.say("quiz.no_next")))
    else:
        blocks.append(Note(ctx.say("quiz.next_opens", opens=_next_opens(ctx, channel)[0])))
    return Message(plain(ctx.say("quiz.state_title")), tuple(blocks))


def _post_state(ctx: Context, post: Post, channel: Channel) -> list[Block]:
    run = _run(ctx, post.week)
    settings = ctx.store.people.settings()
    people = ctx.store.quiz.took_part([run.week])[run.week]
    if not post.is_open(ctx.now):
        floor = settings.group_floor
        return [Text(ctx.say("quiz.last", theme=run.theme, people=shown_count(people, floor), floor=floor))]
    return [
        Text(ctx.say("quiz.open_theme", theme=run.theme, closes=when(post.closes_at, channel.zone))),
        Text(took_part(ctx.texts, people, settings, is_open=True)),
        *_yours(ctx, run, "My next question"),
    ]


def _own_state(ctx: Context) -> Message:
    """Which channels a member is in is not known here, so none is named."""
    blocks = home(ctx)
    if not blocks:
        return _said(ctx, "quiz.none_open")
    return Message(plain(ctx.say("quiz.state_title")), (Heading(plain(ctx.say("quiz.state_title"))), *blocks))


def home(ctx: Context) -> list[Block]:
    """The open quizzes that the actor can answer."""
    blocks: list[Block] = []
    for run in ctx.store.quiz.reached(ctx.actor.workspace, ctx.now):
        closes = when(run.closes_at, ctx.actor.zone)
        blocks.append(Text(ctx.say("quiz.open_theme", theme=run.theme, closes=closes)))
        blocks += _yours(ctx, run, f"Answer: {run.theme}")
    return blocks


def _yours(ctx: Context, run: Run, label: str) -> list[Block]:
    total, done = len(ctx.store.quiz.askings(run.week)), len(ctx.store.quiz.answered(run.week, ctx.actor.member))
    said: list[Block] = [Text(ctx.say("quiz.yours", done=done, total=total, left=total - done))]
    return said if done == total else [*said, Buttons((Button(clip(label, LABEL_LIMIT), "quiz.next", run.week),))]


def facts(ctx: Context) -> Sequence[tuple[str, str]]:
    """What is stored about the actor."""
    return [(plain(ctx.say("quiz.stored")), str(ctx.store.quiz.count(ctx.actor.member)))]


def turn_on(ctx: Context, _words: str) -> Answer:
    """Give this channel the quizzes that open from now on."""
    channel = _channel_to_change(ctx)
    opens, closes = _next_opens(ctx, channel)
    if ctx.store.quiz.subscribe(channel.id, ctx.now):
        return Answer(inline=_said(ctx, "quiz.turned_on", opens=opens, closes=closes))
    return Answer(inline=_said(ctx, "quiz.on_already", opens=opens))


def turn_off(ctx: Context, _words: str) -> Answer:
    """No more quizzes here; one that is open stays open to its end."""
    channel = _channel_to_change(ctx)
    if not ctx.store.quiz.unsubscribe(channel.id):
        return Answer(inline=_said(ctx, "quiz.off_already"))
    ctx.store.ledger.skip("quiz off", kind="quiz_open", subject=channel.id)
    latest = ctx.store.quiz.latest(channel.id)
    is_open = latest is not None and latest.is_open(ctx.now)
    closes = when(latest.closes_at, channel.zone) if latest is not None and is_open else ""
    return Answer(inline=_said(ctx, "quiz.turned_off", closes=closes))


def _channel_to_change(ctx: Context) -> Channel:
    if not any(authorize(ctx.actor, verb) for verb in (Verb.AUTHOR, Verb.LEAD, Verb.ADMINISTER)):
        raise Refusal("app.forbidden")
    if not _is_channel(ctx):
        raise Refusal("quiz.not_here")
    if _channel(ctx) is None:
        # The platform did not say where the channel works; whoever turns the quiz on probably works there too.
        place = ctx.place.id
        new = Channel(id=ctx.ids(), workspace=ctx.actor.workspace, address=place, name=place, zone=ctx.actor.zone)
        ctx.store.people.add_channel(new)
    channel = _channel(ctx)
    if channel is None:
        raise Refusal("quiz.not_here")
    return channel


def _next_opens(ctx: Context, channel: Channel) -> tuple[str, str]:
    found = next_opening(channel.zone, Times.of(ctx.store.people.settings()), ctx.now)
    return when(found.opens_at, channel.zone), when(found.closes_at, channel.zone)


def _is_channel(ctx: Context) -> bool:
    return ctx.place.kind in {"channel", "group"}


def _channel(ctx: Context) -> Channel | None:
    return ctx.store.people.channel_at(ctx.actor.workspace, ctx.place.id) if _is_channel(ctx) else None


def _private(ctx: Context, message: Message) -> Answer:
    """For the actor alone. In a channel the message that was pressed is everybody's and stays."""
    return Answer(inline=message, replace=ctx.place.kind == "direct")


def _said(ctx: Context, key: str, /, **values: object) -> Message:
    said: Spans = ctx.say(key, **values)
    return Message(clip(plain(said), SUMMARY_LIMIT), (Text(said),))


COMMANDS = (
    Command(
        name="quiz",
        run=show,
        needs=Needs.READ,
        summary="The weekly quiz: open now, next, or last",
        arguments="[on | off]",
        examples=("quiz", "quiz on", "quiz off"),
    ),
    Command(name="quiz on", run=turn_on, needs=Needs.WRITE, summary="Give this channel the weekly quiz", listed=False),
    Command(
        name="quiz off", run=turn_off, needs=Needs.WRITE, summary="No more weekly quizzes in this channel", listed=False
    ),
)
ACTIONS = (
    Action(name="quiz.answer", run=answer),
    Action(name="quiz.next", run=next_question, needs=Needs.READ),
)
