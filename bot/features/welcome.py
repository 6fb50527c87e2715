"""The first message: that this is a bot, what it does, what it stores, who sees what, and how to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.deliveries import Delivery, Outgoing
from bot.messages import Button, Buttons, Heading, Message, Note, Text, plain
from bot.ports.people import Member
from bot.router import Answer, Command, Composed, Context, Feature, Kind, Needs, OnUnknown, Skip, Work

FEATURE = Feature(name="welcome")


def start(ctx: Context, _words: str) -> Answer:
    """The welcome again; for somebody who is enrolled, what they can do next."""
    if ctx.store.lessons.learner(ctx.actor.member) is None:
        return Answer(inline=_card(ctx, ctx.actor.name))
    said = ctx.say("welcome.again", name=ctx.actor.name)
    buttons = Buttons((Button("Settings", "settings.change"), Button("All commands", "guide.help")))
    return Answer(inline=Message(plain(said), (Text(said), buttons)))


def _joined(ctx: Context) -> Sequence[Outgoing]:
    """Once for each member, whatever brought them here."""
    return [Outgoing(kind="welcome", subject=ctx.actor.member, period="once", member=ctx.actor.member)]


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    members = work.store.people.members([one.member for one in deliveries if one.member])
    return {one.id: _composed(work, members.get(one.member or "")) for one in deliveries}


def _composed(work: Work, person: Member | None) -> Composed | Skip:
    return Skip("left") if person is None or not person.active else Composed(_card(work, person.name))


def _card(work: Work, name: str) -> Message:
    summary = plain(work.say("welcome.summary", name=name))
    buttons = (
        Button("Start: core track at 09:30", "settings.quick", style="primary"),
        Button("Choose role, track and time", "settings.change"),
        Button("What can you do?", "guide.help"),
    )
    return Message(
        summary,
        (
            Heading(plain(work.say("welcome.heading", name=name))),
            Text(work.say("welcome.what")),
            Buttons(buttons),
            Text(work.say("welcome.stores")),
            Text(work.say("welcome.sees")),
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
