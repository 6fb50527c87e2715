"""Streaks over days that brought a lesson, and the goal of a week."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.calendar import WORKDAYS
from bot.domain.streaks import FREE_A_MONTH, Kept, goal, streak, this_week, turn_of

MONDAY = date(2026, 11, 2)
DAYS = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60)


def days(pattern, first=MONDAY):
    """``x`` answered, ``.`` a lesson left alone, a space a day without a lesson."""
    return [Kept(first + timedelta(days=at), one != " ", one == "x") for at, one in enumerate(pattern)]


def last(kept):
    return kept[-1].day


def test_days_off_and_pauses_break_nothing():
    kept = days("xxxxx  xxxxx           xx")
    assert streak(kept, last(kept)) == 12


def test_two_days_a_month_are_free_and_a_third_ends_it():
    kept = days("xx.xx.xx")
    assert streak(kept, last(kept)) == 6
    kept = days("xx.xx.xx.xx")
    assert streak(kept, last(kept)) == 6
    over_the_month = days("xx.xx.xx.x.x", date(2026, 11, 24))
    assert streak(over_the_month, last(over_the_month)) == 8


def test_today_is_not_over_yet():
    kept = days("xxx...")
    assert streak(kept, kept[3].day) == 3


@given(DAYS, st.data())
def test_doing_something_never_shortens_a_streak(pattern, data):
    kept = [Kept(MONDAY + timedelta(days=at), sent, active) for at, (sent, active) in enumerate(pattern)]
    if not kept:
        assert streak(kept, MONDAY) == 0
        return
    at = data.draw(st.integers(0, len(kept) - 1))
    more = [Kept(one.day, one.sent, one.active or index == at) for index, one in enumerate(kept)]
    assert streak(more, last(kept)) >= streak(kept, last(kept))


@given(DAYS)
def test_a_streak_counts_active_days_only(pattern):
    kept = [Kept(MONDAY + timedelta(days=at), sent, active) for at, (sent, active) in enumerate(pattern)]
    today = MONDAY + timedelta(days=len(pattern))
    assert 0 <= streak(kept, today) <= sum(one.active for one in kept)
    if sum(one.sent and not one.active for one in kept) <= FREE_A_MONTH:
        assert streak(kept, today) == sum(one.active for one in kept)


def test_the_goal_is_three_of_five_and_at_least_one():
    assert goal(WORKDAYS) == 3
    assert goal(0b0000001) == 1
    assert goal(0b1111111) == 4


def test_this_week_begins_on_monday():
    kept = days("xxxxxxx" + "x.x")
    assert this_week(kept, last(kept)) == 2


@given(st.dates(), st.integers(1, 20))
def test_wordings_take_turns(day, wordings):
    if day < date.max:
        assert (turn_of(day, wordings) + 1) % wordings == turn_of(day + timedelta(days=1), wordings)
