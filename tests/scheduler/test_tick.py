"""Ticks: planning that overlaps and repeats without harm, jobs in steps that survive a kill, trouble kept apart."""

import asyncio
import logging
from datetime import datetime, timedelta

import pytest

from bot.domain.deliveries import OVERLAP, Outgoing
from bot.router import Done, Job, Kind, Next
from scheduler.clockwork import Clockwork
from scheduler.housekeeping import Housekeeping
from scheduler.tick import MOST_FAILURES, Ticker
from storage.tally import Tally
from tests.scheduler.conftest import NOW, acme, composed

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL)


def tick(here, at=NOW, ticker=None):
    asyncio.run((ticker or here.ticker).tick(at))


def minutely(windows):
    """A kind that plans a row for every full minute of its window."""

    def plan(work, window):
        windows.append((window.start, window.end))
        at = window.start.replace(second=0) + MINUTE
        rows = []
        while at <= window.end:
            rows.append(Outgoing(kind="minute", subject="s", period=at.isoformat(), member="ann", due_at=at))
            at += MINUTE
        return work.store.ledger.put(rows, work.now)

    return Kind(name="minute", compose=composed, plan=plan, next_due=lambda _work, after: after + MINUTE)


def planned(here):
    from sqlalchemy import select

    from storage.ledger import delivery

    found = select(delivery.c.period).order_by(delivery.c.period)
    return here.store.look(lambda conn: conn.execute(found).scalars().all()).result()


def test_windows_join_and_overlap(bench):
    windows: list[tuple[datetime, datetime]] = []
    here = bench(kinds=[minutely(windows)])
    for minutes in (0, 3, 3, 30):
        tick(here, NOW + minutes * MINUTE)
    assert windows[0] == (NOW, NOW)
    assert windows[1] == (NOW - OVERLAP, NOW + 3 * MINUTE)
    assert windows[3] == (NOW + 3 * MINUTE - OVERLAP, NOW + 30 * MINUTE)
    assert len(planned(here)) == len(set(planned(here))) == 40


def test_a_tick_again_changes_nothing(bench):
    here = bench(kinds=[minutely([])])
    tick(here)
    tick(here, NOW + 5 * MINUTE)
    before = planned(here)
    for _ in range(3):
        tick(here, NOW + 5 * MINUTE)
    tick(here, NOW + 2 * MINUTE)  # a replica that is behind
    assert planned(here) == before


async def test_two_tickers_at_once_plan_once(bench):
    here = bench(kinds=[minutely([])])
    other = Ticker(here.app, here.store, acme)
    await here.ticker.tick(NOW)
    await asyncio.gather(*(one.tick(NOW + 9 * MINUTE) for one in (here.ticker, other) * 3))
    assert len(planned(here)) == 19


def test_a_plan_that_raises_stops_no_other_and_is_made_up_for(bench):
    """The mark stays where it was, so that the next tick plans the same window again."""
    trouble = [True]

    def plan(work, window):
        work.store.ledger.put([Outgoing(kind="note", subject="half", period="1", member="ann")], NOW)
        if trouble[0]:
            raise ValueError
        for_window = Outgoing(kind="note", subject="whole", period="1", member="ann")
        if window.start < NOW + MINUTE <= window.end:
            work.store.ledger.put([for_window], NOW)

    here = bench(kinds=[Kind(name="bad", compose=composed, plan=plan), minutely([])])
    tick(here)
    trouble[0] = False
    tick(here)
    trouble[0] = True
    tick(here, NOW + 2 * MINUTE)
    assert "whole" not in here.rows()
    assert len(planned(here)) >= 12  # the other kind went on
    trouble[0] = False
    tick(here, NOW + 3 * MINUTE)
    assert here.states()["whole"] == "ready"


def test_one_tenant_in_trouble_does_not_stop_the_others(bench, monkeypatch):
    here = bench(kinds=[minutely([])])

    async def tenants():
        return ["nobody", "acme"]

    ticker = Ticker(here.app, here.store, tenants)
    real = ticker._tick

    async def troubled(tenant, now):
        if tenant == "nobody":
            raise RuntimeError
        await real(tenant, now)

    monkeypatch.setattr(ticker, "_tick", troubled)
    tick(here, ticker=ticker)
    tick(here, NOW + MINUTE, ticker=ticker)
    assert planned(here)


def test_what_is_past_its_time_ends_with_the_tick(bench):
    here = bench()
    here.put("a", expires_at=NOW + MINUTE)
    tick(here)
    assert here.states() == {"a": "ready"}
    tick(here, NOW + MINUTE)
    assert here.states() == {"a": "expired"}


async def test_the_next_due_instant_is_the_first_of_all(bench):
    here = bench()
    assert await here.ticker.next_due(NOW) is None
    here.put("a", due_at=NOW + 9 * MINUTE)
    assert await here.ticker.next_due(NOW) == NOW + 9 * MINUTE
    here.write(lambda parts: parts.jobs.start("count", "1", NOW + 5 * MINUTE))
    assert await here.ticker.next_due(NOW) == NOW + 5 * MINUTE


# ---- jobs


def counting(to, done, fail=lambda at: None):
    def step(_work, period, cursor):
        at = cursor.get("at", 0)
        fail(at)
        if at == to:
            return Done()
        done.append((period, at))
        return Next({"at": at + 1}, f"{at + 1}/{to}")

    return Job(name="count", step=step)


def start(here, period="1"):
    here.write(lambda parts: parts.jobs.start("count", period, NOW))


def test_a_job_runs_all_its_steps_in_one_tick(bench):
    done: list[tuple[str, int]] = []
    here = bench(jobs=[counting(5, done)])
    start(here)
    tick(here)
    assert [at for _, at in done] == [0, 1, 2, 3, 4]
    tick(here)
    assert len(done) == 5


def test_a_killed_job_goes_on_from_its_last_step(bench):
    class Killed(BaseException):
        pass

    done: list[tuple[str, int]] = []
    here = bench(jobs=[counting(5, done)])
    start(here)
    real = here.store.write
    count = iter(range(100))

    def dying(tenant, work, *, urgent=True):
        if next(count) == 6:  # as if the process ended between two steps
            raise Killed
        return real(tenant, work, urgent=urgent)

    here.store.write = dying
    with pytest.raises(Killed):
        tick(here)
    here.store.write = real
    before = len(done)
    assert 0 < before < 5
    tick(here, ticker=Ticker(here.app, here.store, acme))
    assert [at for _, at in done] == [0, 1, 2, 3, 4]


def test_a_step_that_raises_is_undone_and_tried_with_the_next_tick(bench):
    done: list[tuple[str, int]] = []
    trouble = [True]

    def fail(at):
        if at == 2 and trouble[0]:
            raise ValueError

    here = bench(jobs=[counting(4, done, fail)])
    start(here, "1")
    start(here, "2")
    tick(here)
    assert [at for _, at in done] == [0, 1, 0, 1]  # both came as far as they could
    trouble[0] = False
    tick(here)
    assert sorted(done) == [(period, at) for period in "12" for at in range(4)]


def test_a_job_that_always_fails_is_given_up_and_others_go_on(bench):
    done: list[tuple[str, int]] = []

    def fail(_at):
        raise ValueError

    bad = counting(3, [], fail)
    good = Job(name="good", step=counting(3, done).step)
    here = bench(jobs=[bad, good])
    start(here)
    here.write(lambda parts: parts.jobs.start("good", "1", NOW + MINUTE))
    for at in range(MOST_FAILURES):
        tick(here, NOW + MINUTE)
        assert len(done) == 3, at
    assert here.write(lambda parts: parts.jobs.due(NOW + MINUTE)) is None


def test_a_job_nobody_knows_ends(bench):
    here = bench()
    start(here)
    tick(here)
    assert here.write(lambda parts: parts.jobs.due(NOW)) is None


# ---- housekeeping and the clockwork


async def test_counts_are_written_and_old_rows_go_once_an_hour(bench):
    here = bench()
    tally = Tally()
    house = Housekeeping(here.store, tally, acme)
    here.write(lambda parts: parts.people.first_time("w", "old", NOW - timedelta(days=8)))
    tally.look_up("acme", "core:term/psi")
    await house.run(NOW)
    assert here.write(lambda parts: parts.glossary.uses()) == {"core:term/psi": 1}
    assert here.write(lambda parts: parts.people.first_time("w", "old", NOW - timedelta(days=8)))
    await house.run(NOW + MINUTE)
    assert not here.write(lambda parts: parts.people.first_time("w", "old", NOW))
    await house.run(NOW + timedelta(hours=1))
    assert here.write(lambda parts: parts.people.first_time("w", "old", NOW))


async def test_the_clockwork_ticks_and_stops():
    ticked = []

    async def tick():
        ticked.append(True)

    clockwork = Clockwork()
    clockwork.every(0.02, tick)
    clockwork.start()
    for _ in range(100):
        await asyncio.sleep(0.02)
        if len(ticked) >= 2:
            break
    clockwork.stop()
    await asyncio.sleep(0.05)
    count = len(ticked)
    await asyncio.sleep(0.1)
    assert count >= 2
    assert len(ticked) == count
