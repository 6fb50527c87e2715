from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.calendar import iso_week, local_date, week_start
from bot.domain.pack import Quiz
from bot.domain.quizzes import (
    WEEK,
    Times,
    asking_id,
    figures,
    next_opening,
    next_quiz,
    opening,
    openings,
    shown_count,
)
from bot.domain.settings import TenantSettings

USUAL = Times.of(TenantSettings())
# With a day of change in each, of an hour (Berlin, New York), of half an hour (Lord Howe), at midnight (Cairo, Beirut).
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "UTC",
)
moments = st.tuples(st.integers(0, 6), st.integers(0, 24 * 60 - 1))
WEEK_MINUTES = 7 * 24 * 60


def apart(times):
    """At least two hours from opening to closing and on to the next opening, by the wall clock: longer than any change."""
    opens, closes = (day * 24 * 60 + minute for day, minute in (times.open, times.close))
    return min((closes - opens) % WEEK_MINUTES, (opens - closes) % WEEK_MINUTES) >= 120


times = st.builds(Times, moments, moments).filter(apart)
weeks = st.dates(date(2025, 1, 1), date(2031, 12, 31)).map(iso_week)
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
instants = st.integers(0, 6 * 365 * 24 * 3600).map(lambda seconds: FIRST + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("zone", "week", "opens", "closes"),
    [
        # The clock changes on the Sunday before and the Sunday after each of these weeks.
        ("Europe/Berlin", "2026-W13", "2026-03-24T09:00Z", "2026-03-26T15:00Z"),
        ("Europe/Berlin", "2026-W14", "2026-03-31T08:00Z", "2026-04-02T14:00Z"),
        ("Europe/Berlin", "2026-W43", "2026-10-20T08:00Z", "2026-10-22T14:00Z"),
        ("Europe/Berlin", "2026-W44", "2026-10-27T09:00Z", "2026-10-29T15:00Z"),
        ("America/New_York", "2026-W10", "2026-03-03T15:00Z", "2026-03-05T21:00Z"),
        ("America/New_York", "2026-W11", "2026-03-10T14:00Z", "2026-03-12T20:00Z"),
        ("America/New_York", "2026-W45", "2026-11-03T15:00Z", "2026-11-05T21:00Z"),
        ("Australia/Lord_Howe", "2026-W14", "2026-03-30T23:00Z", "2026-04-02T05:00Z"),
        ("Australia/Lord_Howe", "2026-W15", "2026-04-06T23:30Z", "2026-04-09T05:30Z"),
        ("Europe/Berlin", "2026-W53", "2026-12-29T09:00Z", "2026-12-31T15:00Z"),
    ],
)
def test_the_usual_times_in_weeks_of_change(zone, week, opens, closes):
    found = opening(zone, week, USUAL)
    assert found.opens_at == datetime.fromisoformat(opens)
    assert found.closes_at == datetime.fromisoformat(closes)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_a_quiz_over_a_change_keeps_its_wall_times(zone):
    saturday_to_monday = Times((5, 600), (0, 960))
    local = ZoneInfo(zone)
    lengths = set()
    for number in range(52):
        found = opening(zone, iso_week(date(2026, 1, 5) + number * WEEK), saturday_to_monday)
        opens, closes = found.opens_at.astimezone(local), found.closes_at.astimezone(local)
        assert (opens.weekday(), opens.hour, opens.minute) == (5, 10, 0)
        assert (closes.weekday(), closes.hour, closes.minute) == (0, 16, 0)
        lengths.add(found.closes_at - found.opens_at)
    change = timedelta(minutes=30 if zone == "Australia/Lord_Howe" else 60)
    usual = timedelta(hours=54)
    assert lengths == {usual - change, usual, usual + change}


@given(st.sampled_from(ZONES), weeks, times)
def test_every_quiz_opens_in_its_week_and_closes_later_within_eight_days(zone, week, hours):
    found = opening(zone, week, hours)
    assert iso_week(local_date(zone, found.opens_at)) == week
    assert found.opens_at < found.closes_at < found.opens_at + timedelta(days=8)
    assert found.latest <= found.closes_at


@given(st.sampled_from(ZONES), weeks, times)
def test_a_quiz_never_overlaps_the_next_one(zone, week, hours):
    after = opening(zone, iso_week(week_start(week) + WEEK), hours)
    assert opening(zone, week, hours).closes_at <= after.opens_at


@given(st.sampled_from(ZONES), instants, st.lists(st.integers(0, 40 * 24 * 60), min_size=1, max_size=6), times)
def test_windows_laid_side_by_side_find_every_opening_once(zone, start, cuts, hours):
    edges = [start, *(start + timedelta(minutes=cut) for cut in sorted(cuts))]
    pieces = [one for left, right in pairwise(edges) for one in openings(zone, hours, left, right)]
    assert pieces == openings(zone, hours, edges[0], edges[-1])
    assert len({one.week for one in pieces}) == len(pieces)


@given(st.sampled_from(ZONES), instants, times)
def test_the_next_opening_is_the_first_after_now(zone, now, hours):
    found = next_opening(zone, hours, now)
    assert found.opens_at > now
    assert openings(zone, hours, now, found.opens_at) == [found]


@given(st.sampled_from(ZONES), weeks)
def test_open_from_the_first_second_to_the_last(zone, week):
    found = opening(zone, week, USUAL)
    second = timedelta(seconds=1)
    assert [found.is_open(at) for at in (found.opens_at - second, found.opens_at)] == [False, True]
    assert [found.is_open(at) for at in (found.closes_at - second, found.closes_at)] == [True, False]


def quiz(id, status="active"):
    return Quiz(id=id, rev=1, theme=id, topic="data", questions=(), status=status)


@given(st.integers(1, 6), st.integers(1, 30))
def test_quizzes_take_turns(number, rounds):
    quizzes, taken = [quiz(f"q{at}") for at in range(number)], []
    used: dict[str, str] = {}
    for at in range(rounds):
        found = next_quiz(quizzes, used)
        assert found is not None
        used[found.id] = iso_week(date(2026, 1, 5) + at * WEEK)
        taken.append(found.id)
    assert taken == [f"q{at % number}" for at in range(rounds)]


def test_drafts_and_retired_quizzes_are_not_taken():
    quizzes = [quiz("a", "draft"), quiz("b", "retired"), quiz("c")]
    assert next_quiz(quizzes, {"c": "2026-W01"}) is quizzes[2]
    assert next_quiz([quiz("a", "deprecated")], {}) is None


@given(
    st.integers(0, 40),
    st.dictionaries(st.sampled_from("vwxyz"), st.dictionaries(st.sampled_from("abc"), st.integers(1, 20))),
    st.integers(4, 8),
    st.integers(5, 12),
)
def test_no_figure_is_about_fewer_people_than_its_floor(people, picks, group_floor, pick_floor):
    found = figures(people, picks, TenantSettings(group_floor=group_floor, quiz_pick_floor=pick_floor))
    assert found.took_part is None or found.took_part >= group_floor
    for asking, shown in found.picks.items():
        total = sum(picks[asking].values())
        assert (shown is not None) == (total >= pick_floor)
        assert shown is None or shown == picks[asking]


@given(st.integers(0, 20), st.integers(4, 8))
def test_counts_below_the_floor_all_look_the_same(people, floor):
    assume(people < floor)
    assert shown_count(people, floor) is shown_count(0, floor) is None


def test_ids_are_made_of_week_and_place():
    assert asking_id("2026-W47", 3) == "quiz-2026-W47-3"
