"""One nudge, two hours after a lesson nobody touched, in its thread, inside the working hours of its reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.attention import ACTIVE, in_working_hours
from bot.domain.calendar import local_date
from bot.domain.deliveries import Delivery
from bot.features.lessons.kinds import unwanted
from bot.messages import Message, Text, clip, plain
from bot.router import Composed, Kind, OnUnknown, Skip, Window, Work


def _plan(work: Work, window: Window) -> int:
    return work.store.attention.plan_nudges(window.start, window.end)


def _next_due(work: Work, after: datetime) -> datetime | None:
    return work.store.attention.next_nudge(after)


def _guard(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
    reasons = dict(unwanted(work, deliveries))
    members = [one.member for one in deliveries if one.member]
    learners = work.store.lessons.learners(members)
    active = work.store.attention.active_since(members, work.now - ACTIVE)
    for one in deliveries:
        learner = learners.get(one.member or "")
        if learner is None or one.id in reasons:
            continue
        if learner.ignored == 0:
            reasons[one.id] = "answered"
        elif one.member in active:
            reasons[one.id] = "active"
        elif (
            not in_working_hours(learner.zone, work.now) or local_date(learner.zone, work.now).isoformat() != one.period
        ):
            reasons[one.id] = "outside working hours"
    return reasons


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    return {one.id: _composed(work, one) for one in deliveries}


def _composed(work: Work, one: Delivery) -> Composed | Skip:
    daily = work.store.ledger.get(one.root) if one.root is not None else None
    if daily is None or daily.chosen is None:
        return Skip("lesson gone")
    lesson = work.catalogs.at(daily.chosen["pack"]).lessons[daily.chosen["lesson"]]
    said = work.say("lessons.nudge", title=lesson.title)
    return Composed(Message(clip(plain(said), 300), (Text(said),)))


NUDGE = Kind(name="nudge", plan=_plan, next_due=_next_due, guard=_guard, compose=_compose, on_unknown=OnUnknown.HOLD)
