"""Sixty people in eight zones through every clock change of two years: one lesson each due day, at their own wall time.

The gate takes one week of each kind of change; ``make faults`` takes every week of both years.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.domain.calendar import DAY, WORKDAYS, Rhythm, local_date, occurrences
from storage.ledger import delivery
from tests.journeys.conversation import buttons
from tests.journeys.town import Town

ZONES = (
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "America/Sao_Paulo",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
)
MEMBERS = 60
EVERY_DAY, WEEKEND = 0b1111111, 0b1100000
MINUTES = (150, 570, 150, 570, 570, 150, 1439, 105)  # 02:30 and 09:30 meet in one tick; the last two are the odd ones
DAYS = (EVERY_DAY, EVERY_DAY, WORKDAYS, WORKDAYS, WEEKEND, WEEKEND, EVERY_DAY, EVERY_DAY)
RHYTHMS = {f"m{at:02}": Rhythm(ZONES[at % 8], MINUTES[at // 8], DAYS[at // 8]) for at in range(MEMBERS)}


def changes(zone, year):
    """The local dates on which the offset of a zone changes."""
    found, at = [], datetime(year, 1, 1, tzinfo=UTC)
    while at.year == year:
        if at.astimezone(ZoneInfo(zone)).utcoffset() != (at + DAY).astimezone(ZoneInfo(zone)).utcoffset():
            found.append(local_date(zone, at + DAY))
        at += DAY
    return found


WEEKS = sorted({day for year in (2026, 2027) for zone in ZONES for day in changes(zone, year)})
# Forward in the north, back in the south, forward by half an hour, back in the north.
KINDS = (date(2026, 3, 8), date(2026, 4, 5), date(2026, 10, 4), date(2026, 11, 1))


def test_every_zone_and_every_kind_of_hour_is_among_them():
    assert {one.zone for one in RHYTHMS.values()} == set(ZONES)
    assert {one.minute for one in RHYTHMS.values()} == set(MINUTES)
    assert len(WEEKS) >= 12
    assert set(KINDS) <= set(WEEKS)
    assert {day.weekday() for day in WEEKS} <= {0, 6}  # Sundays, and the Monday it is elsewhere


@pytest.mark.parametrize("change", WEEKS, ids=str)
async def test_one_lesson_each_due_day_at_the_wall_time(change: date, tmp_path, figures, rounds):
    if change not in rounds(KINDS, WEEKS):
        return
    before, after = rounds((2 * DAY, timedelta(hours=16)), (5 * DAY, 4 * DAY))  # Sunday and Monday everywhere
    start = datetime.combine(change - before, time(22, 17), UTC)
    end = datetime.combine(change, time(22, 17), UTC) + after
    town = Town(tmp_path, start)
    try:
        town.settle_in(RHYTHMS)
        await town.settle()
        answered = 0
        # Stops only where a lesson is due: what else comes to them is no matter here.
        for at in sorted({at for rhythm in RHYTHMS.values() for _, at in occurrences(rhythm, start, end)}):
            town.now = at
            await town.system.ticker.tick(at)
            await town.system.drainer.drain()
            answered += await _all_answer(town, RHYTHMS, at) if rounds(False, True) else 0
        town.now = end
        await town.settle()
        table: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 6)
        expected = 0
        for name, rhythm in RHYTHMS.items():
            due = occurrences(rhythm, start, end)
            sent = town.store(partial(_dailies, name))[::-1]
            ids = [one.id for one in sent]
            shown = [one for one in town.see(f"d-{name}") if one.delivery in ids]
            days = [one.period for one in sent]
            assert days == [day.isoformat() for day, _ in due], name
            assert [one.due_at for one in sent] == [at for _, at in due], name
            assert [one.at for one in shown] == [at for _, at in due], name
            assert len({one.message.summary for one in shown}) == len(shown), name  # never the same lesson twice
            row = table[rhythm.zone]
            row[0] += 1
            row[1] += len(due)
            row[2] += len(shown)
            row[3] += sum(one.at == at for one, (_, at) in zip(shown, due, strict=True))
            row[4] += len(days) - len(set(days))
            row[5] += sum(_at_wall_time(rhythm, day, at) for day, at in due)
            expected += len(due)
            if rhythm.minute == 570 and rhythm.days == EVERY_DAY and not rounds(False, True):
                answered += await _answers(town, name, shown[-1:])
        print(f"\n{change}  zone                 members  due  sent  on time  doubled  at the very wall time")
        for zone, row in table.items():
            print(f"            {zone:20} {row[0]:7} {row[1]:4} {row[2]:5} {row[3]:8} {row[4]:8} {row[5]:23}")
        total = [sum(column) for column in zip(*table.values(), strict=True)]
        assert (total[0], total[1], total[2], total[3], total[4]) == (MEMBERS, expected, expected, expected, 0)
        assert answered == rounds(len(ZONES), expected)
        figures("P12", due=total[1], sent=total[2], on_time=total[3], doubled=total[4], answered=answered)
    finally:
        town.close()


def _dailies(name, parts):
    return parts.ledger.sent_to(name, ["daily"])


def _found(key, parts):
    return parts.ledger.find(key)


def _at_wall_time(rhythm, day, at):
    """Whether the local clock shows the chosen time; only an hour that the change has struck out is shifted."""
    local = at.astimezone(ZoneInfo(rhythm.zone))
    shows = (local.hour * 60 + local.minute, local.date()) == (rhythm.minute, day)
    exists = datetime.combine(day, time(rhythm.minute // 60, rhythm.minute % 60), ZoneInfo(rhythm.zone))
    is_struck = exists.astimezone(UTC).astimezone(ZoneInfo(rhythm.zone)).time() != exists.time()
    assert shows != is_struck, (rhythm, day, at)
    return shows


async def _all_answer(town, names, at):
    """Everybody who has a lesson of this instant answers it; returns how many did."""
    return sum([await _answers(town, name, [one for one in town.see(f"d-{name}") if one.at == at]) for name in names])


async def _answers(town, name, shown):
    """Everybody answers their latest lesson; the reason comes in its place."""
    done = 0
    for one in shown:
        button = next(button for button in buttons(one.message) if button.action == "lessons.answer")
        answer = await town.press(name, button)
        assert answer.replace
        assert "Reason" in str(answer.inline)
        done += 1
    return done


async def test_a_stop_of_hours_is_caught_up_and_one_of_days_is_told(tmp_path):
    """Down from Monday to Wednesday noon: Monday and Tuesday are recorded as missed, Wednesday's comes late."""
    monday = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    town = Town(tmp_path, monday)
    try:
        town.settle_in({"ann": Rhythm("Europe/Berlin", 570), "bob": Rhythm("Asia/Tokyo", 570)})
        await town.settle()
        town.now = monday + timedelta(days=2, hours=6)
        await town.restart()
        await town.settle()
        rows = {
            (name, day): town.store(partial(_found, ("daily", name, day)))
            for name in ("ann", "bob")
            for day in ("2026-11-23", "2026-11-24", "2026-11-25")
        }
        states = {key: (row.state, row.reason) for key, row in rows.items() if row}
        late = ("missed", "late")
        assert states["ann", "2026-11-23"] == states["ann", "2026-11-24"] == late
        assert states["ann", "2026-11-25"] == ("sent", None)
        assert states["bob", "2026-11-24"] == states["bob", "2026-11-25"] == late  # 21:00 in Tokyo
        assert len(town.see("d-ann")) == 1
    finally:
        town.close()


async def test_days_somebody_else_had_planned_are_not_lost(tmp_path):
    """Another tick, or a change of settings, may compute the days ahead before the days between were looked at."""
    monday = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
    town = Town(tmp_path, monday)
    try:
        town.settle_in({"ann": Rhythm("Europe/Berlin", 570), "bob": Rhythm("Europe/Berlin", 570)})
        await town.settle()
        town.now = monday + timedelta(days=14, hours=6)
        town.store(lambda parts: parts.lessons.replan("bob", town.now))
        await town.settle()
        every = town.store(lambda parts: parts.conn.execute(select(delivery.c.member, delivery.c.period)).all())
        missed = {period for name, period in every if name == "ann"}
        workdays = {
            (date(2026, 11, 2) + at * DAY).isoformat()
            for at in range(15)
            if (date(2026, 11, 2) + at * DAY).weekday() < 5
        }
        assert missed == workdays
    finally:
        town.close()
