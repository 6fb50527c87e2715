"""Moved zones on the way: never two lessons of one day, a day lost only as ``skipped(moved)``, and east still gets today's."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.journeys.school import School

DAY = timedelta(days=1)
TUESDAY = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)  # 09:30 in Tokyo


@pytest.fixture
def school(tmp_path, surface):
    one = School(tmp_path, datetime(2026, 11, 23, 0, 0, tzinfo=UTC), surface=surface)
    one.join("mia", zone="Asia/Tokyo")
    yield one
    one.close()


def dailies(school):
    """(local date, state, reason) of every daily, in order."""
    keys = [("daily", "mia", (school.now - at * DAY).date().isoformat()) for at in range(-1, 12)]
    rows = school.store(lambda parts: [parts.ledger.find(key) for key in keys])
    return sorted((one.period, one.state, one.reason) for one in rows if one is not None)


async def test_a_flight_west_brings_no_second_lesson_of_the_day(school):
    await school.learns("mia", zone="Asia/Tokyo")
    await school.until(TUESDAY + timedelta(hours=3))
    assert len(school.lessons("mia")) == 2  # Monday and Tuesday
    await school.learns("mia", zone="America/Los_Angeles")  # where it is Monday evening
    await school.until(TUESDAY + timedelta(hours=20))  # Tuesday 12:30 in Los Angeles
    assert len(school.lessons("mia")) == 2
    await school.until(TUESDAY + 2 * DAY)
    assert len(school.lessons("mia")) == 3
    assert dailies(school) == [
        ("2026-11-23", "sent", None),
        ("2026-11-24", "sent", None),
        ("2026-11-25", "sent", None),
    ]


async def test_a_flight_east_still_brings_todays_lesson(school):
    await school.learns("mia", zone="America/Los_Angeles")
    monday = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)  # 09:30 in Los Angeles
    await school.until(monday)
    assert len(school.lessons("mia")) == 1
    landed = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # Tuesday noon in Tokyo
    await school.until(landed)
    await school.learns("mia", zone="Asia/Tokyo")
    await school.until(landed + timedelta(hours=5))
    assert [one.at for one in school.lessons("mia")] == [monday, monday + timedelta(hours=12)]
    assert dailies(school)[:2] == [("2026-11-23", "sent", None), ("2026-11-24", "sent", None)]


async def test_where_the_rest_of_twelve_hours_leaves_no_time_the_day_is_skipped_as_moved(school):
    await school.learns("mia", zone="America/Los_Angeles", time="15:00")
    sent = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    await school.until(sent)
    landed = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # Tuesday 10:00 in Tokyo; rested at 20:00 there
    await school.until(landed)
    await school.learns("mia", zone="Asia/Tokyo", time="15:00")
    await school.until(landed + DAY)
    assert ("2026-11-24", "skipped", "moved") in dailies(school)
    assert len(school.lessons("mia")) == 1
    await school.go(DAY)
    assert len(school.lessons("mia")) == 2


@pytest.mark.parametrize("there", ["America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"])
async def test_there_and_back_again_is_at_most_one_lesson_a_day_and_none_lost_without_a_reason(school, there):
    await school.learns("mia", zone="Asia/Tokyo", days=[str(at) for at in range(7)])
    for step in range(8):
        await school.go(timedelta(hours=19))
        if school.lessons("mia"):
            await school.answers("mia")
        await school.learns("mia", zone=there if step % 2 == 0 else "Asia/Tokyo", days=[str(at) for at in range(7)])
    await school.go(2 * DAY)
    found = dailies(school)
    assert all(state == "sent" or reason in {"moved", "late", "past its time"} for _, state, reason in found)
    sent = [one.at for one in school.lessons("mia")]
    assert all(later - earlier >= timedelta(hours=12) for earlier, later in pairwise(sent))
    assert len(sent) == sum(state == "sent" for _, state, _ in found)
