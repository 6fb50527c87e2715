"""Memories of concepts and what learners do with lessons, on both databases."""

from datetime import date, datetime, timedelta

from bot.domain.reviews import answered
from bot.domain.tracks import Enrolment
from bot.ports.attention import Check, Facility
from bot.ports.lessons import Asking, Given, Showing
from tests.storage.conftest import NOW, learner

DAY = date(2026, 11, 24)


def lesson_of_the_day(parts, member="ann", arrived=NOW):
    """A daily that was sent at ``arrived`` and not yet touched."""
    from bot.domain.deliveries import Outgoing

    parts.lessons.save(learner(member))
    parts.ledger.put([Outgoing(kind="daily", subject=member, period="2026-11-24", member=member)], NOW)
    (row,) = [one for one in parts.dispatch.claim(f"w-{parts.tenant}", "me", NOW, 10) if one.subject == member]
    parts.dispatch.intend("me", [row], {})
    parts.dispatch.sent(row, f"m-{member}", arrived)
    parts.lessons.sent([member], arrived)
    return row


def test_a_memory_is_kept_as_it_was(parts):
    first = answered(None, "drift", "drift-1", 1, right=True, day=DAY)
    parts.reviews.keep("ann", first)
    assert parts.reviews.memory("ann", "drift") == first
    second = answered(first, "drift", "drift-2", 1, right=False, day=first.due)
    parts.reviews.keep("ann", second)
    assert parts.reviews.memories("ann") == [second]
    assert parts.reviews.memories("bob") == []


def test_dropped_concepts_are_counted_without_names(parts):
    for member in ("ann", "bob"):
        memory = None
        for step in range(4):
            memory = answered(memory, "drift", "drift-1", 1, right=False, day=DAY + timedelta(days=step))
        parts.reviews.keep(member, memory)
    parts.reviews.keep("cyd", answered(None, "drift", "drift-1", 1, right=False, day=DAY))
    assert parts.reviews.dropped() == {"drift": 2}


def test_a_mark_counts_once_a_member(parts):
    parts.lessons.show([Showing("ann", "drift", 1, "core"), Showing("bob", "drift", 1, "core")], NOW)
    assert parts.attention.mark("ann", "drift", "unclear", NOW)
    assert not parts.attention.mark("ann", "drift", "unclear", NOW)
    assert parts.attention.mark("bob", "drift", "like", NOW)
    parts.lessons.finish("ann", "drift", 1, "answered", NOW)
    (one,) = parts.attention.reach()
    assert (one.reached, one.done, one.unclear, one.likes) == (2, 1, 1, 1)


def test_facility_counts_only_answers_that_stand(parts):
    asking = Asking(
        id="q", source="daily", source_id="1", position=1, question="drift-1", rev=1, order=("a", "b"), pack="v"
    )
    parts.lessons.ask([asking])
    for member, right in (("ann", True), ("bob", False)):
        parts.lessons.answer(Given("q", member, "a", correct=right, at=NOW))
    assert parts.attention.facility() == {"drift-1": Facility(2, 1)}


def test_a_nudge_is_planned_once_for_whoever_touched_nothing(parts):
    daily = lesson_of_the_day(parts)
    two_hours = NOW + timedelta(hours=2)
    assert parts.attention.next_nudge(NOW) == two_hours
    assert parts.attention.plan_nudges(NOW, two_hours - timedelta(seconds=1)) == 0
    assert parts.attention.plan_nudges(NOW, two_hours) == 1
    assert parts.attention.plan_nudges(NOW, two_hours) == 0
    nudge = parts.ledger.find(("nudge", "ann", "2026-11-24"))
    assert (nudge.due_at, nudge.root, nudge.member) == (two_hours, daily.id, "ann")


def test_nobody_is_nudged_who_was_active_or_did_something(parts):
    lesson_of_the_day(parts, "ann")
    lesson_of_the_day(parts, "bob")
    parts.lessons.attended("ann")
    parts.people.saw({"bob": NOW - timedelta(hours=20)})
    assert parts.attention.plan_nudges(NOW, NOW + timedelta(hours=3)) == 0


def test_lessons_in_a_row_without_a_sign_are_counted(parts):
    parts.lessons.save(learner("ann"))
    for _ in range(3):
        parts.lessons.sent(["ann"], NOW)
    assert parts.lessons.learner("ann").ignored == 3
    parts.lessons.attended("ann")
    assert parts.lessons.learner("ann").ignored == 0


def test_a_track_keeps_its_turn_and_its_beginning_when_others_come_and_go(parts):
    parts.lessons.save(learner("ann", tracks=(Enrolment("core", 10),)))
    parts.lessons.show([Showing("ann", "drift", 1, "core")], NOW)
    parts.lessons.save(learner("ann", tracks=(Enrolment("product", 5), Enrolment("core", 12))))
    assert parts.lessons.learner("ann").tracks == (Enrolment("product", 5), Enrolment("core", 10, NOW))
    parts.lessons.save(learner("ann", tracks=(Enrolment("product", 5),)))
    assert parts.lessons.learner("ann").tracks == (Enrolment("product", 5),)
    parts.lessons.remove("ann")
    parts.lessons.save(learner("ann", tracks=(Enrolment("core", 12),)))
    assert parts.lessons.learner("ann").tracks == (Enrolment("core", 12),)


def test_practice_is_asked_about_a_month_old_lesson_once_and_not_twice_a_week(parts):
    def ask(now: datetime):
        return parts.attention.practised("ann", now)

    parts.lessons.finish("ann", "old", 1, "answered", NOW - timedelta(days=40))
    parts.lessons.finish("ann", "older", 1, "answered", NOW - timedelta(days=50))
    parts.lessons.finish("ann", "known", 1, "known", NOW - timedelta(days=45))
    parts.lessons.finish("ann", "new", 1, "answered", NOW)
    assert ask(NOW) == Check("old", 30)
    assert ask(NOW + timedelta(days=3)) is None
    assert parts.attention.practice("ann", Check("old", 30), used=True)
    assert not parts.attention.practice("ann", Check("old", 30), used=False)
    assert not parts.attention.practice("ann", Check("old", 60), used=True)
    assert ask(NOW + timedelta(days=8)) == Check("older", 30)
    assert ask(NOW + timedelta(days=16)) is None


def test_the_second_check_comes_thirty_days_after_the_first_and_before_new_ones(parts):
    parts.lessons.finish("ann", "old", 1, "answered", NOW - timedelta(days=80))
    parts.lessons.finish("ann", "later", 1, "answered", NOW - timedelta(days=10))
    days = [0, 8, 16, 22, 30, 38, 46, 54, 62]
    asked = [parts.attention.practised("ann", NOW + timedelta(days=one)) for one in days]
    assert [(day, one.lesson, one.after) for day, one in zip(days, asked, strict=True) if one] == [
        (0, "old", 30),  # eighty days old, and asked about for the first time
        (22, "later", 30),
        (30, "old", 60),
        (54, "later", 60),
    ]
    parts.attention.practice("ann", Check("later", 30), used=True)
    parts.attention.practice("ann", Check("later", 60), used=False)
    used = {one.lesson: one.used for one in parts.attention.reach()}
    assert used == {"old": {30: (0, 0), 60: (0, 0)}, "later": {30: (1, 1), 60: (1, 0)}}


def test_days_kept_say_what_came_and_what_was_done(parts):
    parts.participation.add("ann", DAY, "lessons_sent")
    parts.participation.add("ann", DAY, "look_ups")
    parts.participation.add("ann", DAY - timedelta(days=1), "reviews")
    kept = sorted(parts.attention.kept("ann", DAY - timedelta(days=1)), key=lambda one: one.day)
    assert [(one.day, one.sent, one.active) for one in kept] == [
        (DAY - timedelta(days=1), False, True),
        (DAY, True, False),
    ]
    assert parts.attention.kept("bob", DAY - timedelta(days=9)) == []
