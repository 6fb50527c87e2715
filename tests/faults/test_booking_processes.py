"""Eight processes book, cancel and book again on one database: nothing is sold twice, and no confirmed booking vanishes."""

import random
from contextlib import contextmanager
from pathlib import Path
from threading import BrokenBarrierError

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bot.domain.office_hours import Outcome
from bot.errors import NotSaved
from storage import dialects
from storage.dialects import open_engine
from storage.office_hours import OfficeHours, booking
from storage.store import Store
from tests.faults.company import nursery
from tests.storage.test_booking_race import MOST, NOW, TENANT, held, opened, wishes, wrongs

PROCESSES = 8
CONTROLS = 12  # rounds in which what is there to be seen is seen
PATIENCE = 300.0


class WithoutTurns(OfficeHours):
    def _take_turns(self, *_people):
        pass


def take_part(url, number, rounds, count, folder, guarded, barrier):
    """One process, for all rounds: its share of the wishes of each; one in five of what it got it gives back.

    It notes what it was told it holds. All begin a round together, and wait until the last has ended it.
    """
    dialects.BUSY_TIMEOUT = 30.0
    store, chance = Store(open_engine(url)), random.Random(number)
    part = OfficeHours if guarded else WithoutTurns

    def insist(work):
        while True:
            try:
                return store.write(TENANT, work).result()
            except (NotSaved, OperationalError):
                continue

    for seed in range(rounds):
        holds = set()
        try:
            barrier.wait(PATIENCE)
        except BrokenBarrierError:  # enough was seen
            break
        for id, slot, asker in wishes(seed, count)[number::PROCESSES]:
            outcome = insist(
                lambda parts, id=id, slot=slot, asker=asker: part(parts.conn, TENANT).claim(
                    id, slot, asker, "Why?", NOW, most_minutes=MOST
                )
            )
            if outcome is Outcome.BOOKED:
                holds.add(id)
                if chance.random() < 0.2:
                    insist(lambda parts, id=id, asker=asker: parts.office_hours.cancel(id, asker, NOW))
                    holds.remove(id)
        Path(folder, f"holds{number}").write_text(" ".join(holds))
        barrier.wait(PATIENCE)
    store.close()


@contextmanager
def processes(url, rounds, count, folder, *, guarded=True):
    """``go()``: one round of all processes; what they were told they hold."""
    barrier = nursery().Barrier(PROCESSES + 1)
    children = [
        nursery().Process(target=take_part, args=(url, number, rounds, count, str(folder), guarded, barrier))
        for number in range(PROCESSES)
    ]
    for child in children:
        child.start()

    def go():
        barrier.wait(PATIENCE)
        barrier.wait(PATIENCE)
        return {id for number in range(PROCESSES) for id in (folder / f"holds{number}").read_text().split()}

    try:
        yield go
    finally:
        barrier.abort()  # rounds that nobody asks for any more
        for child in children:
            child.join(PATIENCE)
            child.kill()
            child.join()
            child.close()


def clear(store):
    store.transact(lambda conn: conn.execute(booking.delete())).result()


def test_nothing_is_sold_twice_by_processes(empty_url, tmp_path, rounds, figures):
    """Overlapping windows of few hosts, capacities of one to three, caps, cancellations; eight processes on one database."""
    url = empty_url()
    store = opened(url)
    count, times = rounds(80, 2_000), rounds(1, 100)
    wrong, vanished, booked = [0, 0, 0, 0], 0, 0
    kept = select(booking.c.id).where(booking.c.state == "booked")
    with processes(url, times, count, tmp_path) as go:
        for _ in range(times):
            told = go()
            wrong = [one + two for one, two in zip(wrong, wrongs(held(store)), strict=True)]
            there = set(store.look(lambda conn: conn.execute(kept).scalars().all()).result())
            vanished += len(told ^ there)
            booked += len(there)
            clear(store)
    store.close()
    figures(
        "P3", attempts=count * times, processes=PROCESSES, booked=booked, oversold=wrong[0], host_doubled=wrong[1],
        asker_doubled=wrong[2], over_cap=wrong[3], vanished=vanished,
    )  # fmt: skip
    assert (wrong, vanished) == ([0, 0, 0, 0], 0)
    assert booked


def test_control_processes_without_turns_oversell(postgres_database, tmp_path):
    url = postgres_database()
    store = opened(url)
    seen = False
    with processes(url, CONTROLS, 160, tmp_path, guarded=False) as go:
        for _ in range(CONTROLS):
            go()
            seen = any(wrongs(held(store)))
            if seen:
                break
            clear(store)
    store.close()
    assert seen


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level("CRITICAL")
