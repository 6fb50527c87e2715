"""The planner's SQL is the calendar: for any rhythm, pause, day off and window it writes exactly the due days."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import available_timezones

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.domain.calendar import DAY, REST, expiry_minute, instant, local_date, occurrences
from bot.ports.people import Member
from storage import lessons
from storage.ledger import delivery
from storage.lessons import learner as learners
from tests.storage.conftest import NOW, learner

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
HOUR = timedelta(hours=1)
FIRST = date(2026, 1, 1)


def stored(parts, name="ann"):
    """(period, state, due, expiry) of every daily of a member, oldest first."""
    rows = parts.conn.execute(
        select(delivery)
        .where(delivery.c.tenant == parts.tenant, delivery.c.kind == "daily", delivery.c.subject == name)
        .order_by(delivery.c.period)
    )
    return [(row.period, row.state, row.due_at, row.expires_at) for row in rows]


rhythms = st.fixed_dictionaries(
    {
        "zone": st.sampled_from(ZONES),
        "minute": st.one_of(st.integers(0, 1439), st.sampled_from([0, 150, 570, 1439])),
        "days": st.integers(0, 127),
    }
)
windows = st.tuples(
    st.integers(0, 60 * 24 * 700).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.integers(1, 60 * 24 * 4),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    rhythm=rhythms,
    window=windows,
    pause=st.one_of(st.none(), st.just("for ever"), st.integers(-3, 5)),
    off=st.sets(st.integers(-1, 5), max_size=3),
    at_once=st.booleans(),
)
def test_what_is_planned_is_what_the_calendar_says(parts, rhythm, window, pause, off, at_once):
    start = window[0]
    end = start + timedelta(minutes=window[1])
    first = local_date(rhythm["zone"], start)
    days_off = {first + at * DAY for at in off}
    one = learner("ann", **rhythm)
    if pause is not None:
        until = None if pause == "for ever" else first + pause * DAY
        one = msgspec.structs.replace(one, paused=True, paused_until=until)
    with parts.savepoint() as savepoint:
        for day in days_off:
            parts.people.add_day_off(day)
        parts.lessons.save(one)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lessons, "MANY_SLOTS", 0 if at_once else 1000)  # all slots in one statement, or one by one
            written = parts.lessons.plan(start, end)
            again = parts.lessons.plan(start, end)
        rows = stored(parts)
        savepoint.rollback()
    due = occurrences(one.rhythm, start, end, days_off)
    if one.paused:
        due = [(day, at) for day, at in due if one.paused_until is not None and day >= one.paused_until]
    assert [(period, at) for period, _, at, _ in rows] == [(day.isoformat(), at) for day, at in due]
    assert (written, again) == (len(due), 0)
    for period, state, _, expires in rows:
        assert expires == instant(one.zone, date.fromisoformat(period), expiry_minute(one.minute))
        assert state == ("missed" if expires <= end else "ready")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rhythm=rhythms, start=windows.map(lambda one: one[0]), cuts=st.lists(st.integers(1, 900), max_size=8))
def test_windows_side_by_side_miss_nothing_and_double_nothing(parts, rhythm, start, cuts):
    """Ticks come when they come: any cut of a span into windows plans the same rows, overlaps included."""
    one = learner("ann", **rhythm)
    marks = [start]
    for cut in cuts:
        marks.append(marks[-1] + timedelta(minutes=cut))
    with parts.savepoint() as savepoint:
        parts.lessons.save(one)
        for before, after in pairwise(marks):
            parts.lessons.plan(max(before - timedelta(minutes=10), start), after)
        rows = [(period, at) for period, _, at, _ in stored(parts)]
        savepoint.rollback()
    assert rows == [(day.isoformat(), at) for day, at in occurrences(one.rhythm, start, marks[-1])]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rhythm=rhythms, at=windows.map(lambda one: one[0]))
def test_the_next_due_instant_is_the_calendars(parts, rhythm, at):
    one = learner("ann", **rhythm)
    with parts.savepoint() as savepoint:
        parts.lessons.save(one)
        found = parts.lessons.next_due(at)
        savepoint.rollback()
    due = [instant for _, instant in occurrences(one.rhythm, at, at + 2 * DAY)]
    if due:
        assert found == due[0]
    assert found is None or found > at


def test_a_region_has_its_own_days_off(parts):
    parts.people.set_region("ann", "DE")
    for day, region in ((NOW.date(), "FR"), (NOW.date() + DAY, "DE")):
        parts.people.add_day_off(day, region)
    parts.lessons.save(learner("ann"))
    parts.lessons.plan(NOW - 12 * HOUR, NOW + 3 * DAY)
    assert [period for period, *_ in stored(parts)] == ["2026-11-24", "2026-11-26", "2026-11-27"]


@pytest.mark.parametrize("gone", ["left", "no account"])
def test_only_who_can_be_reached_is_planned(parts, gone):
    parts.lessons.save(learner("ann"))
    if gone == "left":
        parts.people.leave("ann", NOW)
    else:
        parts.people.add_member(Member(id="dan", name="Dan"), NOW)
        parts.lessons.remove("ann")
        parts.lessons.save(learner("dan"))
    assert parts.lessons.plan(NOW - 12 * HOUR, NOW) == 0


def test_twelve_hours_lie_between_two_dailies(parts):
    parts.lessons.save(learner("ann", minute=1200))
    parts.lessons.sent(["ann"], NOW - HOUR)  # 09:00 in Berlin
    parts.lessons.plan(NOW, NOW + 11 * HOUR)
    ((_, state, due, _),) = stored(parts)
    assert (state, due) == ("ready", NOW - HOUR + REST)  # 21:00, an hour after the chosen time


def test_a_lesson_whose_rest_ends_after_its_time_is_recorded_as_moved(parts):
    parts.lessons.save(learner("ann", minute=690))
    parts.lessons.sent(["ann"], NOW - HOUR)
    parts.lessons.plan(NOW, NOW + 2 * HOUR)
    ((period, state, *_),) = stored(parts)
    assert (period, state) == ("2026-11-24", "skipped")


@pytest.mark.parametrize("minute", [1380, 1438, 1439])
def test_a_lesson_for_the_last_minutes_of_the_day_still_has_time_to_come(parts, minute):
    parts.lessons.save(learner("ann", minute=minute))
    parts.lessons.plan(NOW, NOW + 14 * HOUR)
    ((period, state, due, expires),) = stored(parts)
    assert (period, state) == ("2026-11-24", "ready")
    assert expires - due == 2 * HOUR


# ---- a changed rhythm


def test_a_time_that_has_passed_is_due_now_until_its_expiry(parts):
    parts.lessons.save(learner("ann", minute=480))  # 08:00; it is 10:00
    parts.lessons.replan("ann", NOW)
    ((period, state, due, _),) = stored(parts)
    assert (period, state, due <= NOW) == ("2026-11-24", "ready", True)
    assert parts.woken


def test_a_time_ahead_is_left_to_the_planner(parts):
    parts.lessons.save(learner("ann", minute=660))
    parts.lessons.replan("ann", NOW)
    assert stored(parts) == []


def test_after_its_expiry_today_is_over(parts):
    parts.lessons.save(learner("ann", minute=480))
    parts.lessons.replan("ann", NOW + 10 * HOUR)
    assert stored(parts) == []


def test_a_day_that_was_sent_stays_sent(parts):
    parts.lessons.save(learner("ann", minute=480))
    parts.lessons.replan("ann", NOW)
    (row,) = parts.dispatch.claim("w-acme", "me", NOW, 1)
    parts.dispatch.sent(row, "m1", NOW)
    parts.lessons.sent(["ann"], NOW)
    for minute, zone in (
        (540, "Europe/Berlin"),
        (600, "Europe/Berlin"),
        (120, "America/New_York"),
        (900, "Asia/Tokyo"),
    ):
        parts.lessons.save(learner("ann", minute=minute, zone=zone))
        parts.lessons.replan("ann", NOW)
    assert [(period, state) for period, state, *_ in stored(parts)] == [("2026-11-24", "sent")]


def test_what_waits_for_its_rest_follows_the_new_rhythm(parts):
    parts.lessons.save(learner("ann", minute=690))
    parts.lessons.sent(["ann"], NOW - 9 * HOUR)
    parts.lessons.plan(NOW, NOW + 2 * HOUR)
    assert stored(parts)[0][2] == NOW + 3 * HOUR
    parts.lessons.save(learner("ann", minute=900))  # 15:00 in Berlin is 14:00 UTC
    parts.lessons.replan("ann", NOW + 2 * HOUR)
    assert stored(parts)[0][2] == NOW + 5 * HOUR
    parts.lessons.save(learner("ann", minute=660))  # earlier again, but never before the rest is over
    parts.lessons.replan("ann", NOW + 2 * HOUR)
    assert stored(parts)[0][2] == NOW + 3 * HOUR


@pytest.mark.parametrize("reason", ["paused", "stopped"])
def test_a_lesson_its_learner_took_back_unsent_comes_after_all(parts, reason):
    parts.lessons.save(learner("ann", minute=600))
    parts.lessons.plan(NOW - HOUR, NOW)
    parts.ledger.skip(reason, kind="daily", member="ann")
    parts.lessons.replan("ann", NOW + HOUR)
    assert [(period, state) for period, state, *_ in stored(parts)] == [("2026-11-24", "ready")]


def test_a_lesson_that_may_have_arrived_is_not_sent_anew_by_a_resume(parts):
    parts.lessons.save(learner("ann", minute=600))
    parts.lessons.plan(NOW - HOUR, NOW)
    (row,) = parts.dispatch.claim("w-acme", "me", NOW, 1)
    parts.dispatch.intend("me", [row], {})
    parts.dispatch.unknown(row, "reset", 0.0)
    parts.dispatch.resend(row, 0.0)
    parts.ledger.skip("paused", kind="daily", member="ann")
    parts.lessons.replan("ann", NOW + HOUR)
    assert [state for _, state, *_ in stored(parts)] == ["dead"]


def test_saving_keeps_when_the_last_daily_came(parts):
    parts.lessons.save(learner("ann"))
    parts.lessons.sent(["ann"], NOW)
    parts.lessons.save(learner("ann", minute=600))
    assert parts.conn.execute(learners.select()).one().last_daily_at == NOW
