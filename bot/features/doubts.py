"""A message that may be there or not, and must not come twice: its owners are asked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.deliveries import Delivery, Outgoing
from bot.domain.people import Verb
from bot.errors import Refusal
from bot.messages import SUMMARY_LIMIT, Button, Buttons, Heading, Message, Text, clip, plain
from bot.router import Action, Answer, Composed, Context, Feature, Kind, Skip, Window, Work

ASK = "doubt"


def _waiting(work: Work) -> dict[int, Delivery]:
    kinds = [one.name for one in work.table.kinds.values() if one.asks_owner]
    return {one.id: one for one in work.store.doubts.open(kinds)}


def _plan(work: Work, _window: Window) -> int:
    """Every owner is asked, once for each message."""
    waiting = _waiting(work)
    if not waiting:
        return 0
    asked = [
        Outgoing(kind=ASK, subject=str(id), period=owner, member=owner, expires_at=one.expires_at)
        for id, one in waiting.items()
        for owner in work.store.doubts.owners()
    ]
    return work.store.ledger.put(asked, work.now)


def _guard(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
    """Nothing is asked that was answered, nor anybody who is no administrator any more."""
    waiting, owners = _waiting(work), work.store.doubts.owners()
    return {one.id: "decided" for one in deliveries if int(one.subject) not in waiting or one.member not in owners}


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    waiting = _waiting(work)
    return {one.id: Composed(_question(work, waiting[int(one.subject)])) for one in deliveries}


def _question(work: Work, doubtful: Delivery) -> Message:
    channel = work.store.people.channel(doubtful.place) if doubtful.place else None
    title = plain(work.say("doubts.title"))
    said = work.say("doubts.question", channel=channel.name if channel else "", kind=doubtful.kind)
    again = Button(plain(work.say("doubts.again")), "doubts.again", str(doubtful.id))
    leave = Button(plain(work.say("doubts.leave")), "doubts.leave", str(doubtful.id))
    return Message(clip(plain(said), SUMMARY_LIMIT), (Heading(title), Text(said), Buttons((again, leave))))


def _again(ctx: Context, id: str) -> Answer:
    return _decided(ctx, id, again=True)


def _leave(ctx: Context, id: str) -> Answer:
    return _decided(ctx, id, again=False)


def _decided(ctx: Context, id: str, *, again: bool) -> Answer:
    """The first word of an owner counts; whoever comes later is told."""
    is_row = id.isascii() and id.isdecimal() and len(id) < 19  # else somebody made it up
    if not is_row or not ctx.store.doubts.decide(int(id), again=again):
        raise Refusal("doubts.decided")
    said = ctx.say("doubts.posted" if again else "doubts.left")
    return Answer(inline=Message(plain(said), (Text(said),)), replace=True)


FEATURE = Feature(
    name="doubts",
    kinds=[Kind(name=ASK, plan=_plan, guard=_guard, compose=_compose)],
    actions=[
        Action(name="doubts.again", run=_again, verb=Verb.ADMINISTER),
        Action(name="doubts.leave", run=_leave, verb=Verb.ADMINISTER),
    ],
)
