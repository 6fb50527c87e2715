"""The daily: planned by the wall clock of each learner, chosen and composed at the intent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from bot.asking import put
from bot.domain.attention import IGNORED_LIMIT
from bot.domain.calendar import local_date
from bot.domain.deliveries import Delivery
from bot.domain.pack import Lesson
from bot.domain.tracks import Courses, choose, taught
from bot.features.lessons.rest import rest
from bot.features.lessons.screens import Card, lesson_card
from bot.ports.catalog import Catalog
from bot.ports.lessons import Asking, History, Learner, Showing
from bot.router import Composed, Kind, OnUnknown, Skip, Window, Work


def _plan(work: Work, window: Window) -> int:
    return work.store.lessons.plan(window.start, window.end)


def _next_due(work: Work, after: datetime) -> datetime | None:
    return work.store.lessons.next_due(after)


def unwanted(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
    """The deliveries whose learner has left or is paused on the day they are for, with the reason."""
    members = work.store.people.members(_members(deliveries))
    learners = work.store.lessons.learners(_members(deliveries))
    reasons = {}
    for one in deliveries:
        person, learner = members.get(one.member or ""), learners.get(one.member or "")
        if person is None or not person.active or learner is None:
            reasons[one.id] = "left"
        elif learner.paused and (learner.paused_until is None or one.period[:10] < learner.paused_until.isoformat()):
            reasons[one.id] = "paused"
    return reasons


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    members = _members(deliveries)
    learners, histories = work.store.lessons.learners(members), work.store.lessons.history(members)
    composed: dict[int, Composed | Skip] = {}
    askings, showings = [], []
    courses = Courses(work.catalog.tracks, work.catalog.lessons)
    for one in deliveries:
        learner = learners[one.member or ""]
        if one.chosen is None and learner.ignored >= IGNORED_LIMIT:
            composed[one.id] = rest(work, learner, one)
            continue
        chosen = one.chosen or _choose(work, courses, learner, histories[learner.member])
        if chosen is None:
            composed[one.id] = Skip("track finished")
            continue
        catalog = work.catalogs.at(chosen["pack"])
        lesson = catalog.lessons[chosen["lesson"]]
        asking = asking_of(one, lesson, catalog)
        askings.append(asking)
        if one.chosen is None:
            showings.append(Showing(learner.member, lesson.id, lesson.rev, chosen["track"]))
        card = card_of(catalog, learner, msgspec.structs.replace(one, chosen=chosen), asking)
        composed[one.id] = Composed(lesson_card(work.texts, catalog, card), chosen)
    work.store.lessons.ask(askings)
    work.store.lessons.show(showings, work.now)
    return composed


def _choose(work: Work, courses: Courses, learner: Learner, history: History) -> Mapping[str, Any] | None:
    """The next lesson of the track whose turn it is. It is stored, so that two copies are the same lesson."""
    catalog = work.catalog
    found = choose(courses, learner.tracks, history.done, history.shown, history.last)
    if found is None:
        return None
    lesson = catalog.lessons[found.lesson]
    is_given = any(one.track == found.track and one.given and one.turn_at is None for one in learner.tracks)
    return {
        "lesson": lesson.id,
        "rev": lesson.rev,
        "pack": catalog.version,
        "question": lesson.core_question,
        "track": found.track,
        "given": is_given,  # the first lesson of a track they were put into: it says so
    }


def asking_of(delivery: Delivery, lesson: Lesson, catalog: Catalog) -> Asking:
    """The question of one daily: its id and option order follow from the delivery."""
    return put(
        catalog.questions[lesson.core_question],
        id=f"daily-{delivery.id}",
        source="daily",
        source_id=str(delivery.id),
        position=1,
        pack=catalog.version,
        member=delivery.member,
    )


def card_of(catalog: Catalog, learner: Learner, delivery: Delivery, asking: Asking) -> Card:
    """The lesson that was chosen for a delivery, at its place in the track whose turn it was, or before that track."""
    chosen = delivery.chosen or {}
    lesson = catalog.lessons[chosen["lesson"]]
    track = catalog.tracks.get(chosen.get("track", ""))
    given = track if chosen.get("given") else None
    day = date.fromisoformat(delivery.period)
    if track is None or lesson.id not in track.lessons:
        is_base = track is not None and lesson.id in taught(track, catalog.lessons)
        return Card(lesson, asking, learner.roles, 0, 0, day, is_base, given)
    position = track.lessons.index(lesson.id) + 1
    return Card(lesson, asking, learner.roles, position, len(track.lessons), day, given=given)


def _settled(work: Work, deliveries: Sequence[Delivery]) -> None:
    learners = work.store.lessons.learners(_members(deliveries))
    work.store.lessons.sent(_members(deliveries), work.now)
    for one in deliveries:
        learner = learners.get(one.member or "")
        if learner is not None:
            day = local_date(learner.zone, work.now)
            work.store.participation.add(learner.member, day, "lessons_sent")


def _members(deliveries: Sequence[Delivery]) -> list[str]:
    return [one.member for one in deliveries if one.member is not None]


DAILY = Kind(
    name="daily",
    plan=_plan,
    next_due=_next_due,
    guard=unwanted,
    compose=_compose,
    settled=_settled,
    budget=True,
    on_unknown=OnUnknown.RESEND,
)
