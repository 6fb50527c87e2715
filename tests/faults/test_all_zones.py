"""Every zone through every clock change until 2030, by the planner's own SQL: one lesson a due local day, recorded or sent.

The expected instants are reckoned without our calendar: the first instant at which a wall clock shows the time, or, where the change
has struck it out, the time carried over the gap (RFC 5545).
"""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from sqlalchemy import delete, select

from bot.ports.people import Member
from storage.dialects import open_engine
from storage.ledger import delivery
from storage.parts import Parts
from storage.people import account, member
from storage.rhythms import due_slot
from storage.schema import metadata
from storage.tenancy import Workspace, add_tenant, add_workspace
from tests.journeys.town import learner, rhythm

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTES = (0, 60, 90, 120, 150, 180, 570, 1410)  # where clocks change, the usual time, and the end of the day
FIRST, LAST = date(2025, 1, 1), date(2030, 12, 31)
EVERY_DAY = 0b1111111
ZONES = sorted(
    name for name in available_timezones() if "/" in name and not name.startswith(("posix/", "right/", "Etc/"))
)
GATE = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata")


def offset(at, place):
    found = at.astimezone(place).utcoffset()
    assert found is not None
    return found


@cache
def changes(zone):
    """The local dates on which the offset of a zone changes."""
    place, at, found = ZoneInfo(zone), datetime(FIRST.year, 1, 1, tzinfo=UTC), []
    while at.date() <= LAST:
        if at.astimezone(place).utcoffset() != (at + DAY).astimezone(place).utcoffset():
            found += [at.date(), at.date() + DAY]
        at += DAY
    return found


def expected(zone, day, minute):
    """The instant of a wall time, by looking at the clock and not by asking for it."""
    place = ZoneInfo(zone)
    naive = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 - a wall clock
    offsets = {offset(naive.replace(tzinfo=UTC) + shift, place) for shift in (-DAY, DAY)}
    instants = sorted(naive.replace(tzinfo=UTC) - one for one in offsets)
    shown = [at for at in instants if at.astimezone(place).replace(tzinfo=None) == naive]
    # Struck out: by the offset before the gap, which carries it over.
    before = offset(min(instants) - DAY, place)
    return shown[0] if shown else naive.replace(tzinfo=UTC) - before


@pytest.fixture
def conn():
    engine = open_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as made:
        add_tenant(made, "t", "Acme", "secret", datetime(2025, 1, 1, tzinfo=UTC))
        add_workspace(made, Workspace(id="w", tenant="t", platform="test", team="t", name="Acme"))
        yield made
    engine.dispose()


def settle_in(conn, zones):
    parts, now = Parts(conn, "t"), datetime(2025, 1, 1, tzinfo=UTC)
    for zone in zones:
        for minute in MINUTES:
            name = f"{zone}@{minute}"
            parts.people.add_member(Member(id=name, name="x", zone=zone), now)
            parts.people.add_account(f"a-{name}", "w", name, name, name)
            parts.lessons.save(learner(name, rhythm(zone, minute, EVERY_DAY)))


def plan_across(conn, change, chance):
    """Ticks from two days before a change to two days after: minutes or hours apart, at times a stop of a day, and jumps back."""
    lessons, at = Parts(conn, "t").lessons, datetime(change.year, change.month, change.day, tzinfo=UTC) - 2 * DAY
    begins, ends, stop = at, at + 5 * DAY, at + timedelta(hours=chance.randint(20, 70))
    while at < ends:
        step = timedelta(minutes=chance.choice((10, 60, 240, 600)))
        if at < stop <= at + step:
            step += DAY  # down for a day
        until = min(at + step, ends)
        lessons.plan(at - 10 * timedelta(minutes=1), until)
        if chance.random() < 0.2:
            lessons.plan(at - 3 * HOUR, at)  # a clock that was put back, or a replica that comes late
        at = until
    return begins, ends


def check(conn, zones, begins, ends):
    """(due, wrong instants, missing or doubled days, ready though over, in the quiet hours)"""
    rows = defaultdict(list)
    for row in conn.execute(select(delivery)):
        rows[row.member].append(row)
    due = wrong = days = 0
    for zone in zones:
        for minute in MINUTES:
            want = {}
            for at in range(-1, (ends - begins).days + 2):
                day = (begins + at * DAY).date()
                instant = expected(zone, day, minute)
                if begins < instant <= ends:
                    want[day.isoformat()] = instant
            got = {row.period: row for row in rows[f"{zone}@{minute}"] if begins < row.due_at <= ends}
            due += len(want)
            days += len(want.keys() ^ got.keys())
            wrong += sum(got[day].due_at != instant for day, instant in want.items() if day in got)
    return due, wrong, days


def test_one_row_a_due_day_in_every_zone(conn, rounds, figures):
    """Every zone, every change of the clock 2025 to 2030, eight wall times, ticks at odd distances, a stop of a day, and late replicas."""
    chance = random.Random(2030)
    zones = rounds(GATE, ZONES)
    by_date = defaultdict(list)
    for zone in zones:
        for day in changes(zone)[:: rounds(12, 1)]:
            by_date[day].append(zone)
    due = wrong = days = 0
    for change, changing in sorted(by_date.items()):
        settle_in(conn, changing)
        found = check(conn, changing, *plan_across(conn, change, chance))
        due, wrong, days = due + found[0], wrong + found[1], days + found[2]
        for emptied in (
            delivery,
            account,
            member,
            due_slot,
            *(metadata.tables[one] for one in ("learner", "rhythm", "enrolment")),
        ):
            conn.execute(delete(emptied))
    pairs = sum(map(len, by_date.values()))
    figures("P12", zones=len(zones), zone_dates=pairs, due_days=due, wrong_instants=wrong, missing_or_doubled=days)
    assert due
    assert (wrong, days) == (0, 0)


def test_late_lessons_are_recorded_and_none_is_sent_in_the_night(conn):
    """After a stop of two days: what is past its time is missed, and what is still sent is due in its own window."""
    zones = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Auckland")
    settle_in(conn, zones)
    start = datetime(2026, 3, 27, 12, tzinfo=UTC)
    Parts(conn, "t").lessons.plan(start, start + 2 * DAY)
    now = start + 2 * DAY
    for row in conn.execute(select(delivery)):
        assert (row.state == "missed") == (row.expires_at <= now)
        local = now.astimezone(ZoneInfo(row.member.partition("@")[0]))
        if row.state == "ready":
            minute = int(row.member.partition("@")[2])
            assert local.hour < 18 or local.hour * 60 + local.minute < minute + 121
    states = set(conn.execute(select(delivery.c.state)).scalars())
    assert states == {"missed", "ready"}


def test_control_a_cron_like_rule_by_the_offset_of_today_misses_the_change(conn):
    """Were the instant of tomorrow that of today and a day, every change would show."""
    shifted = sum(
        expected(zone, day, 570) != expected(zone, day - DAY, 570) + DAY for zone in GATE for day in changes(zone)
    )
    assert shifted > 20
