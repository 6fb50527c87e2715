"""The first message: that this is a bot, what it does, what it stores, who sees what, and how to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.calendar import clock_text
from bot.domain.deliveries import Delivery, Outgoing
from bot.messages import LABEL_LIMIT, Block, Button, Buttons, Heading, Message, Note, Text, clip, plain
from bot.ports.lessons import Learner
from bot.ports.people import Member
from bot.router import Answer, Command, Composed, Context, Feature, Kind, Needs, OnUnknown, Skip, Work

FEATURE = Feature(name="welcome")
LEAVE_SHOWN = 3  # tracks with a button


def start(ctx: Context, _words: str) -> Answer:
    """The welcome again; for somebody who is enrolled, what they can do next."""
    if ctx.store.lessons.learner(ctx.actor.member) is None:
        return Answer(inline=_card(ctx, ctx.actor.name, ctx.store.people.settings().group_floor))
    said = ctx.say("welcome.again", name=ctx.actor.name)
    buttons = Buttons((Button("Settings", "settings.change", opens=True), Button("All commands", "guide.help")))
    return Answer(inline=Message(plain(said), (Text(said), buttons)))


def _joined(ctx: Context) -> Sequence[Outgoing]:
    """Once for each member, whatever brought them here."""
    return [Outgoing(kind="welcome", subject=ctx.actor.member, period="once", member=ctx.actor.member)]


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    ids = [one.member for one in deliveries if one.member]
    members, learners = work.store.people.members(ids), work.store.lessons.learners(ids)
    floor = work.store.people.settings().group_floor
    return {one.id: _composed(work, members.get(one.member or ""), floor, learners) for one in deliveries}


def _composed(work: Work, person: Member | None, floor: int, learners: Mapping[str, Learner]) -> Composed | Skip:
    if person is None or not person.active:
        return Skip("left")
    return Composed(_card(work, person.name, floor, learners.get(person.id)))


def _card(work: Work, name: str, floor: int, learner: Learner | None = None) -> Message:
    """With ``learner`` for somebody whose company has put them into tracks before they were met."""
    summary = plain(work.say("welcome.summary", name=name, is_enrolled=learner is not None))
    begin = [Button("Start: core track at 09:30", "settings.quick", style="primary")]
    enrolled: list[Block] = []
    if learner is not None:
        known = work.catalog.tracks
        tracks = [(one.track, known[one.track].name if one.track in known else one.track) for one in learner.tracks]
        names = ", ".join(name for _id, name in tracks)
        time = clock_text(learner.minute)
        enrolled = [Text(work.say("welcome.enrolled", tracks=names, time=time, zone=learner.zone))]
        begin = [Button(clip(f"Leave {name}", LABEL_LIMIT), "lessons.leave", id) for id, name in tracks[:LEAVE_SHOWN]]
    buttons = (
        *begin,
        Button("Choose role, track and time", "settings.change", opens=True),
        Button("What can you do?", "guide.help"),
    )
    return Message(
        summary,
        (
            Heading(plain(work.say("welcome.heading", name=name))),
            Text(work.say("welcome.what")),
            *enrolled,
            Buttons(buttons),
            Text(work.say("welcome.stores")),
            Text(work.say("welcome.sees", floor=floor)),
            Note(work.say("welcome.stop")),
        ),
    )


FEATURE.commands.append(
    Command(
        name="start",
        run=start,
        needs=Needs.READ,
        summary="Begin, or see what I do",
        words=("welcome",),
        examples=("start",),
    )
)
FEATURE.kinds.append(Kind(name="welcome", compose=_compose, on_unknown=OnUnknown.RESEND))
FEATURE.joined = _joined
