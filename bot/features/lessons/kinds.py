"""The daily: planned by the wall clock of each learner, chosen and composed at the intent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.asking import put
from bot.domain.calendar import local_date
from bot.domain.deliveries import Delivery
from bot.domain.lessons import next_lesson
from bot.domain.pack import Lesson
from bot.features.lessons.screens import Card, lesson_card
from bot.ports.catalog import Catalog
from bot.ports.lessons import Asking, Learner
from bot.router import Composed, Kind, OnUnknown, Skip, Window, Work


def _plan(work: Work, window: Window) -> int:
    return work.store.lessons.plan(window.start, window.end)


def _next_due(work: Work, after: datetime) -> datetime | None:
    return work.store.lessons.next_due(after)


def _guard(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
    members = work.store.people.members(_members(deliveries))
    learners = work.store.lessons.learners(_members(deliveries))
    reasons = {}
    for one in deliveries:
        person, learner = members.get(one.member or ""), learners.get(one.member or "")
        if person is None or not person.active or learner is None:
            reasons[one.id] = "left"
        elif learner.paused and (learner.paused_until is None or one.period < learner.paused_until.isoformat()):
            reasons[one.id] = "paused"
    return reasons


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    members = _members(deliveries)
    learners = work.store.lessons.learners(members)
    done, shown = work.store.lessons.done(members), work.store.lessons.shown(members)
    composed: dict[int, Composed | Skip] = {}
    askings = []
    for one in deliveries:
        learner = learners[one.member or ""]
        lesson, catalog = _choose(work, one, learner, done[learner.member], shown[learner.member])
        if lesson is None:
            composed[one.id] = Skip("track finished")
            continue
        asking = asking_of(one, lesson, catalog)
        askings.append(asking)
        if one.chosen is None:
            work.store.lessons.show(learner.member, lesson.id, lesson.rev, work.now)
        card = card_of(catalog, learner, lesson, asking)
        composed[one.id] = Composed(
            lesson_card(work.texts, catalog, card),
            {"lesson": lesson.id, "rev": lesson.rev, "pack": catalog.version, "question": asking.question},
        )
    work.store.lessons.ask(askings)
    return composed


def _choose(
    work: Work, delivery: Delivery, learner: Learner, done: set[str], shown: dict[str, int]
) -> tuple[Lesson | None, Catalog]:
    """What the first intent chose, so that two copies are the same lesson; else the next one of the track."""
    if delivery.chosen is not None:
        catalog = work.catalogs.at(delivery.chosen["pack"])
        return catalog.lessons[delivery.chosen["lesson"]], catalog
    catalog = work.catalog
    track = catalog.tracks.get(learner.track)
    wanted = next_lesson(track.lessons, done, shown) if track else None
    return (catalog.lessons[wanted] if wanted else None), catalog


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


def card_of(catalog: Catalog, learner: Learner, lesson: Lesson, asking: Asking) -> Card:
    track = catalog.tracks.get(learner.track)
    lessons = track.lessons if track and lesson.id in track.lessons else (lesson.id,)
    return Card(lesson, asking, learner.role, lessons.index(lesson.id) + 1, len(lessons))


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
    guard=_guard,
    compose=_compose,
    settled=_settled,
    budget=True,
    on_unknown=OnUnknown.RESEND,
)
