"""Five lessons in a row without an answer: the lessons pause by themselves and say so, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from bot.domain.attention import IGNORED_LIMIT
from bot.domain.deliveries import Delivery, Outgoing
from bot.messages import Button, Buttons, Message, Text, plain
from bot.ports.lessons import Learner
from bot.router import Composed, Kind, OnUnknown, Skip, Work


def rest(work: Work, learner: Learner, daily: Delivery) -> Skip:
    """Pause instead of one more lesson; the notice takes the place of the lesson in the day's budget."""
    now = work.store.lessons.learner(learner.member, held=True)
    if now is None:
        return Skip("stopped")
    work.store.lessons.save(msgspec.structs.replace(now, paused=True, paused_until=None, ignored=0))
    notice = Outgoing(
        kind="paused", subject=learner.member, period=daily.period, member=learner.member, expires_at=daily.expires_at
    )
    work.store.ledger.put([notice], work.now)
    return Skip("ignored")


def _guard(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
    """Somebody who has resumed or left meanwhile is not told."""
    learners = work.store.lessons.learners([one.member for one in deliveries if one.member])
    paused = {member for member, one in learners.items() if one.paused}
    return {one.id: "resumed" for one in deliveries if one.member not in paused}


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    said = work.say("lessons.rest", ignored=IGNORED_LIMIT)
    message = Message(plain(said), (Text(said), Buttons((Button("Resume", "lessons.resume"),))))
    return {one.id: Composed(message) for one in deliveries}


PAUSED = Kind(name="paused", guard=_guard, compose=_compose, budget=True, on_unknown=OnUnknown.HOLD)
