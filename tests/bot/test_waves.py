"""When the last of a wave arrives."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.waves import Crowd, arrivals, waves

DAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)  # half past nine in Berlin
BERLIN = Crowd("Europe/Berlin", 570, 5_000)


def test_five_thousand_people_on_slack_take_seventeen_minutes_and_on_teams_less_than_four():
    (slack,) = waves([BERLIN], "slack", DAY)
    assert (slack.begins, slack.ends) == (AT, AT + timedelta(minutes=16, seconds=40))
    (teams,) = waves([BERLIN], "teams", DAY)
    assert teams.ends == AT + timedelta(minutes=3, seconds=20)
    assert waves([BERLIN], "local", DAY) == []


def test_a_wave_waits_for_what_is_left_of_the_one_before():
    quarter = Crowd("Europe/Berlin", 585, 300)
    first, second = waves([quarter, BERLIN], "slack", DAY)
    assert first.crowd == BERLIN
    assert second.ends == first.ends + timedelta(minutes=1)


def test_the_same_instant_in_two_zones_is_one_wave():
    here, there = waves([BERLIN, Crowd("Europe/London", 510, 1_500)], "slack", DAY)
    assert there.ends == here.ends + timedelta(minutes=5)


def test_what_takes_less_than_a_minute_is_not_worth_saying():
    assert waves([Crowd("UTC", 570, 299)], "slack", DAY) == []


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 20)), max_size=5), st.sampled_from([60, 300, 1_500]))
def test_it_is_as_if_each_message_were_sent_alone(pairs, rate):
    batches = [(AT + timedelta(seconds=at), count) for at, count in sorted(pairs)]
    free, ends = AT, []
    for due, count in batches:
        free = max(free, due)
        for _ in range(count):
            free += timedelta(minutes=1) / rate
        ends.append(free)
    found = arrivals(batches, rate)
    assert all(abs(one - other) < timedelta(milliseconds=1) for one, other in zip(found, ends, strict=True))
