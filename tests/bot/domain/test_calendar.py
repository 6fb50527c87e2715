"""Wall clocks and instants: gaps, folds, days of odd length, and the words people use for days and zones."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import zones
from bot.domain.calendar import (
    CLOSE_OF_DAY,
    DAY,
    Rhythm,
    clock_text,
    expiry_minute,
    instant,
    is_zone,
    iso_week,
    local_date,
    occurrences,
    week_start,
)
from bot.domain.pauses import LONGEST, until

NAMES = st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"}))
DAYS = st.dates(date(2025, 1, 1), date(2030, 12, 31))
TUESDAY = date(2026, 11, 24)


@given(NAMES, DAYS, st.integers(0, 1439))
def test_an_instant_shows_its_wall_time_or_is_shifted_by_the_gap(zone, day, minute):
    at = instant(zone, day, minute)
    shown = at.astimezone(ZoneInfo(zone))
    wanted = datetime.combine(day, time(minute // 60, minute % 60))
    if shown.replace(tzinfo=None) != wanted:  # the time is struck out that night: RFC 5545 says shift by the gap
        before = (at - 3 * timedelta(hours=1)).astimezone(ZoneInfo(zone))
        gap = (shown.utcoffset() or DAY) - (before.utcoffset() or DAY * 0)
        assert shown.replace(tzinfo=None) - wanted == gap
    else:
        assert not shown.fold  # the first of the two


@pytest.mark.parametrize(
    ("zone", "day", "minute", "utc"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 150, "2026-03-29T01:30"),  # 02:30 is struck out: 03:30
        ("Europe/Berlin", date(2026, 10, 25), 150, "2026-10-25T00:30"),  # 02:30 comes twice: the first
        ("Australia/Lord_Howe", date(2026, 10, 4), 135, "2026-10-03T15:45"),  # half an hour is struck out
        ("America/New_York", date(2026, 11, 1), 90, "2026-11-01T05:30"),
        ("Pacific/Chatham", date(2026, 1, 1), 570, "2025-12-31T19:45"),
        ("Asia/Kathmandu", date(2026, 1, 1), 0, "2025-12-31T18:15"),
        ("Europe/Berlin", date(2026, 11, 24), 24 * 60 + 90, "2026-11-25T00:30"),  # after midnight
    ],
)
def test_known_instants(zone, day, minute, utc):
    assert instant(zone, day, minute) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@given(st.integers(0, 1439))
def test_every_lesson_has_two_hours_or_the_rest_of_the_working_day(minute):
    assert expiry_minute(minute) >= minute + 120
    assert expiry_minute(minute) >= CLOSE_OF_DAY


@given(NAMES, st.integers(0, 1439), st.integers(0, 127), DAYS, st.integers(1, 20))
def test_one_occurrence_each_day_of_the_mask_in_order(zone, minute, days, first, length):
    start = instant(zone, first, 0)
    found = occurrences(Rhythm(zone, minute, days), start, start + length * DAY)
    labels = [day for day, _ in found]
    assert labels == sorted(set(labels))
    assert all(days >> day.weekday() & 1 for day in labels)
    assert all(start < at <= start + length * DAY for _, at in found)
    inside = [first + at * DAY for at in range(1, length - 1)]
    assert set(labels) >= {day for day in inside if days >> day.weekday() & 1}


@given(NAMES, DAYS, st.integers(0, 1439))
def test_a_time_belongs_to_its_own_day(zone, day, minute):
    at = instant(zone, day, minute)
    assert local_date(zone, at) in {day, day + DAY}  # a gap at midnight can push it over


@given(DAYS)
def test_a_week_begins_on_the_monday_of_its_label(day):
    assert week_start(iso_week(day)) == day - day.weekday() * DAY


def test_minutes_are_written_as_clocks():
    assert [clock_text(one) for one in (0, 570, 1439)] == ["00:00", "09:30", "23:59"]


@pytest.mark.parametrize("name", ["", "Mars/Phobos", "europe/berlin", "../x", "UTC\x00"])
def test_what_is_no_zone(name):
    assert not is_zone(name)


# ---- zones as people name them


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        (" New York ", "America/New_York"),
        ("buenos aires", "America/Buenos_Aires"),
        ("UTC", "UTC"),
        ("", None),
        ("Atlantis", None),
    ],
)
def test_zones_by_name_or_city(words, zone):
    assert zones.named(words) == zone


def test_a_city_spelled_nearly_right():
    assert "Europe/Berlin" in zones.nearest("Berlni")
    assert zones.nearest("x" * 4_000) == []


@given(st.text(max_size=60))
def test_any_words_give_a_zone_or_none(words):
    found = zones.named(words)
    assert found is None or is_zone(found)
    assert len(zones.nearest(words)) <= 3


# ---- until when


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("", None),
        ("until", None),
        ("tomorrow", TUESDAY + DAY),
        ("friday", date(2026, 11, 27)),
        ("until Friday.", date(2026, 11, 27)),
        ("tue", TUESDAY + 7 * DAY),  # today is a Tuesday: the next one
        ("next week", date(2026, 11, 30)),
        ("2 weeks", TUESDAY + 14 * DAY),
        ("for a week", TUESDAY + 7 * DAY),
        ("one month", TUESDAY + 30 * DAY),
        ("2027-01-04", date(2027, 1, 4)),
    ],
)
def test_how_people_say_until_when(words, day):
    assert until(words, TUESDAY) == day


@pytest.mark.parametrize(
    "words", ["yesterday", "2026-11-24", "2026-02-30", "2030-01-01", "t", "0 days", "999 weeks", "s", "x" * 500]
)
def test_what_is_no_day_ahead_is_refused(words):
    with pytest.raises(ValueError, match=words[:20]):
        until(words, TUESDAY)


@given(st.text(max_size=40), DAYS)
def test_any_words_give_a_day_within_a_year_or_are_refused(words, today):
    try:
        day = until(words, today)
    except ValueError:
        return
    assert day is None or today < day <= today + LONGEST
