"""What is sent of a quiz: the parent message, its questions, new counts, the close and the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.asking import put, valid_question
from bot.domain.deliveries import Delivery, Key, Outgoing
from bot.domain.quizzes import (
    RESULTS_LATE,
    STATE_EVERY,
    Opening,
    Times,
    asking_id,
    figures,
    next_opening,
    next_quiz,
    opening,
    openings,
)
from bot.features.quiz import screens
from bot.ports.lessons import Asking
from bot.ports.quiz import Run, Subscription
from bot.router import Composed, Kind, OnUnknown, Skip, Window, Work

CLOSED_LATE = timedelta(days=7)  # a parent message that still says "open" after that is left alone
LATE = "late: the time to open had passed"


def _plan(work: Work, window: Window) -> int:
    """Open the quizzes of the window. What is written once for a week and a channel is never written again."""
    channels, times = work.store.quiz.subscriptions(), Times.of(work.store.people.settings())
    return sum(
        _open(work, one, found, channels, times)
        for one in channels
        for found in openings(one.zone, times, max(window.start, one.since), window.end)
    )


def _next_due(work: Work, after: datetime) -> datetime | None:
    times = Times.of(work.store.people.settings())
    found = (next_opening(one.zone, times, after).opens_at for one in work.store.quiz.subscriptions())
    return min(found, default=None)


def _open(work: Work, to: Subscription, found: Opening, channels: Sequence[Subscription], times: Times) -> int:
    quiz = work.store.quiz
    if work.now >= found.latest:
        quiz.post(found, to.channel, missed=LATE)
        return 0
    run = quiz.run(found.week) or _begin(work, found.week, channels, times)
    if run is None:
        return 0
    # The end of a run is fixed when it begins: a channel that comes later closes with the last of the others.
    here = Opening(found.week, found.opens_at, min(found.closes_at, run.closes_at))
    if work.now >= here.latest:
        quiz.post(here, to.channel, missed=LATE)
        return 0
    if not quiz.post(here, to.channel):
        return 0
    return work.store.ledger.put(_messages(here, to.channel, run, quiz.askings(run.week)), work.now)


def _begin(work: Work, week: str, channels: Sequence[Subscription], times: Times) -> Run | None:
    """The week's run over all channels, with its questions. None when the pack has no quiz."""
    chosen = next_quiz(work.catalog.quizzes, work.store.quiz.used())
    if chosen is None:
        return None
    hours = [hour for one in channels if (hour := opening(one.zone, week, times)).opens_at > one.since]
    run = work.store.quiz.begin(
        Run(
            week=week,
            quiz=chosen.id,
            pack=work.catalog.version,
            theme=chosen.theme,
            opens_at=min(one.opens_at for one in hours),
            closes_at=max(one.closes_at for one in hours),
        )
    )
    work.store.lessons.ask(_questions(work, run))
    return run


def _questions(work: Work, run: Run) -> list[Asking]:
    """The questions of the run that stands, which another replica may have begun with its own pack."""
    catalog = work.catalogs.at(run.pack)
    quiz = next(one for one in catalog.quizzes if one.id == run.quiz)
    return [
        put(
            catalog.questions[id],
            id=asking_id(run.week, position),
            source="quiz",
            source_id=run.week,
            position=position,
            pack=run.pack,
        )
        for position, id in enumerate(quiz.questions, start=1)
    ]


def parent_key(channel: str, week: str) -> Key:
    """The delivery of the message that a channel's thread hangs on."""
    return ("quiz_open", channel, week)


def _messages(here: Opening, channel: str, run: Run, askings: Sequence[Asking]) -> list[Outgoing]:
    """Everything a channel gets of one quiz; all but the first wait until the first is there."""
    week, root = here.week, parent_key(channel, here.week)
    questions = [
        Outgoing(
            kind="quiz_question",
            subject=channel,
            period=f"{week}#{one.position}",
            place=channel,
            due_at=here.opens_at,
            expires_at=here.closes_at,
            root=root,
            payload={"asking": one.id},
        )
        for one in askings
    ]
    return [
        Outgoing(
            kind="quiz_open",
            subject=channel,
            period=week,
            place=channel,
            due_at=here.opens_at,
            expires_at=here.latest,
        ),
        *questions,
        Outgoing(
            kind="quiz_closed",
            subject=channel,
            period=week,
            place=channel,
            due_at=here.closes_at,
            expires_at=here.closes_at + CLOSED_LATE,
            root=root,
            update=True,
        ),
        # When the last channel has closed: until then nobody is shown what others chose, or what is right.
        Outgoing(
            kind="quiz_close",
            subject=channel,
            period=week,
            place=channel,
            due_at=run.closes_at,
            expires_at=run.closes_at + RESULTS_LATE,
            root=root,
        ),
    ]


def refresh(work: Work, run: Run) -> None:
    """Have the parent messages show a new count: at once, then at most once a minute however many answer."""
    people, floor = work.store.quiz.took_part([run.week])[run.week], work.store.people.settings().group_floor
    if people < floor:  # what is shown does not change
        return
    for post in work.store.quiz.posts(run.week):
        waiting = post.state_due is not None and post.state_due > work.now
        due_at = work.now if post.state_due is None else max(work.now, post.state_due + STATE_EVERY)
        if waiting or not post.is_open(work.now) or due_at >= post.closes_at:
            continue
        update = Outgoing(
            kind="quiz_state",
            subject=post.channel,
            period=run.week,
            place=post.channel,
            due_at=due_at,
            expires_at=post.closes_at,
            root=parent_key(post.channel, run.week),
            update=True,
        )
        if work.store.ledger.put_latest(update, work.now):
            work.store.quiz.state_due(run.week, post.channel, due_at)


def _wanted(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
    subscribed = {one.channel for one in work.store.quiz.subscriptions()}
    return {one.id: "quiz off" for one in deliveries if one.subject not in subscribed}


def _compose_parents(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    weeks = sorted({_week(one) for one in deliveries})
    runs, people = work.store.quiz.runs(weeks), work.store.quiz.took_part(weeks)
    posts = {(week, post.channel): post for week in weeks for post in work.store.quiz.posts(week)}
    totals = {week: len(work.store.quiz.askings(week)) for week in weeks}
    settings = work.store.people.settings()
    composed: dict[int, Composed | Skip] = {}
    for one in deliveries:
        week, channel = _week(one), work.store.people.channel(one.subject)
        post = posts.get((week, one.subject))
        if week not in runs or post is None or channel is None:
            composed[one.id] = Skip("gone")
            continue
        shown = screens.Parent(
            run=runs[week],
            zone=channel.zone,
            closes_at=post.closes_at,
            is_open=work.now < post.closes_at,
            people=people[week],
            total=totals[week],
        )
        composed[one.id] = Composed(screens.parent(work.texts, shown, settings))
    return composed


def _compose_questions(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    askings = {week: work.store.quiz.askings(week) for week in {_week(one) for one in deliveries}}
    composed: dict[int, Composed | Skip] = {}
    for one in deliveries:
        week = askings[_week(one)]
        asking = next((asking for asking in week if asking.id == one.payload["asking"]), None)
        if asking is None:
            composed[one.id] = Skip("gone")
            continue
        composed[one.id] = Composed(screens.question_card(work.texts, work.catalogs.at(asking.pack), asking, len(week)))
    return composed


def _compose_results(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    settings = work.store.people.settings()
    messages = {}
    for week, run in work.store.quiz.runs(sorted({_week(one) for one in deliveries})).items():
        took_part = work.store.quiz.took_part([week])[week]
        published = work.store.quiz.publish(week, figures(took_part, work.store.quiz.picks(week), settings))
        askings = [(one, valid_question(work, one)) for one in work.store.quiz.askings(week)]
        catalog = work.catalogs.at(run.pack)
        messages[week] = screens.results(work.texts, catalog, run, askings, published, settings)
    return {one.id: Composed(messages[_week(one)]) if _week(one) in messages else Skip("gone") for one in deliveries}


def _settled(work: Work, deliveries: Sequence[Delivery]) -> None:
    for one in deliveries:
        work.store.quiz.opened(_week(one), one.subject, work.now)


def _week(delivery: Delivery) -> str:
    return delivery.period.partition("#")[0]


KINDS = (
    Kind(
        name="quiz_open",
        plan=_plan,
        next_due=_next_due,
        guard=_wanted,
        compose=_compose_parents,
        settled=_settled,
        on_unknown=OnUnknown.HOLD,  # two threads of one quiz would split a channel
        asks_owner=True,
        urgent=True,
    ),
    Kind(name="quiz_question", compose=_compose_questions, on_unknown=OnUnknown.RESEND, urgent=True),
    Kind(name="quiz_state", compose=_compose_parents, on_unknown=OnUnknown.RESEND),
    Kind(name="quiz_closed", compose=_compose_parents, on_unknown=OnUnknown.RESEND),
    Kind(name="quiz_close", compose=_compose_results, on_unknown=OnUnknown.RESEND),
)
