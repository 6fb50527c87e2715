"""People stop while messages to them are being sent: no call begins after the confirmation but the one under way."""

import asyncio
import random

import pytest
from sqlalchemy import select

from bot.domain.deliveries import Outgoing
from storage import installations
from storage.erasure import STAND_IN
from storage.ledger import delivery
from storage.people import member
from tests.faults.conftest import PEOPLE, settle
from tests.scheduler.conftest import NOW

EACH = 4  # messages to everybody


def plan(here, mark):
    rows = [
        Outgoing(kind="note", subject=f"{who}-{at}", period=mark, member=who) for who in PEOPLE for at in range(EACH)
    ]
    here.write(lambda parts: parts.ledger.put(rows, NOW))


def stop_one(who, mark):
    """A pause: everything of theirs that waits; a cancellation: one thing of theirs; an erasure. The rows under way are told."""

    def work(parts):
        theirs = select(delivery).where(delivery.c.member == who).order_by(delivery.c.id).with_for_update()
        called = {row.id for row in parts.conn.execute(theirs) if row.state == "sending"}
        match (int(mark) + PEOPLE.index(who)) % 3:
            case 0:
                parts.ledger.skip("paused", member=who)
            case 1:
                for at in range(EACH):
                    parts.ledger.skip("cancelled", kind="note", subject=f"{who}-{at}")
            case _:
                assert parts.privacy.erase(who, f"x-{mark}-{who}", NOW) == len(called)
        return called

    return work


def stop_all(parts):
    """The app was taken away."""
    installations.halt(parts.conn, "w", "uninstalled")
    return set(parts.conn.execute(select(delivery.c.id).where(delivery.c.state == "sending")).scalars())


async def stopped(here, who, work, wait):
    """(calls begun after the confirmation, what was under way when it was given, whether one person stopped)"""
    await asyncio.sleep(wait)
    under_way = await asyncio.wrap_future(here.store.write("acme", work))
    confirmed = len(here.platform.calls)
    await asyncio.sleep(0.05)
    later = [one for one in here.platform.calls[confirmed:] if who in {None, one.member}]
    return [one.delivery for one in later], under_way, who is not None


async def one_round(here, mark, chance):
    plan(here, mark)

    async def slow(_parcel):
        await asyncio.sleep(chance.uniform(0, 0.01))

    here.platform.on_send = slow
    if int(mark) % 10 == 9:
        stops = [stopped(here, None, stop_all, chance.uniform(0, 0.1))]
    else:
        stops = [stopped(here, who, stop_one(who, mark), chance.uniform(0, 0.12)) for who in PEOPLE]
    draining = asyncio.create_task(here.drainer.drain())
    found = await asyncio.gather(*stops)
    await draining
    return found


def forget(here):
    """Nothing was planned, and who was erased is there again."""

    def work(conn):
        conn.execute(delivery.delete())
        conn.execute(member.delete().where(member.c.name == STAND_IN))
        there = set(conn.execute(select(member.c.id)).scalars())
        settle(conn, [who for who in PEOPLE if who not in there])

    here.store.transact(work).result()
    here.platform.calls.clear()
    here.platform.arrived.clear()


def count(here, rounds_wanted, seed=1):
    """(stops, calls begun after one that were not under way, calls under way, the most of them for one person)"""
    chance = random.Random(seed)
    stops = surprising = under_way_all = most = 0
    for mark in range(rounds_wanted):
        for later, under_way, is_one in asyncio.run(one_round(here, str(mark), chance)):
            stops += 1
            under_way_all += len([one for one in later if one in under_way])
            surprising += len([one for one in later if one not in under_way])
            most = max(most, len(later)) if is_one else most
        forget(here)
    return stops, surprising, under_way_all, most


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level("CRITICAL")


def test_no_call_begins_after_a_confirmed_stop(crowd, rounds, figures):
    """Pause, cancellation, erasure and uninstallation while a wave is being sent: after the confirmation at most the one call under way."""
    here = crowd()
    stops, surprising, under_way, most = count(here, rounds(1, 560))
    figures("P5", stops=stops, begun_after_it=surprising, under_way=under_way, most_of_one=most)
    assert surprising == 0
    assert most <= 1


def pausing(parts, who):
    parts.ledger.skip("paused", member=who)


def erasing(parts, who):
    assert parts.privacy.erase(who, f"x-{who}", NOW) == 1  # and they are told of the one under way


async def begun_after_the_first(here, stop=pausing):
    """Everybody stops while the first message to them is being sent: the calls that begin after the confirmation."""
    plan(here, "0")
    paused = set()
    later = []

    async def pause(parcel):
        if parcel.member in paused:
            later.append(parcel.delivery)
            return
        await asyncio.wrap_future(here.store.write("acme", lambda parts: stop(parts, parcel.member)))
        paused.add(parcel.member)

    here.platform.on_send = pause
    await here.drainer.drain()
    assert paused == set(PEOPLE)
    return later


@pytest.mark.parametrize("stop", [pausing, erasing])
def test_nothing_follows_the_message_during_which_somebody_stops(crowd, stop):
    assert asyncio.run(begun_after_the_first(crowd(), stop)) == []


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
def test_control_without_looking_again_calls_begin_after_it(crowd, monkeypatch):
    """The intents of a whole conversation at once, as of what was claimed: stop or no stop, the messages come."""
    here = crowd()
    worker = here.drainer

    async def all_at_once(lane, claimed):
        now = here.now
        intents = await worker._write(lane, lambda parts: worker._intents.commit(parts, claimed, now))
        queues: dict[str, list] = {}
        for one in intents:
            queues.setdefault(one.delivery.address, []).append(one)

        async def converse(queue):
            return [await worker._call(lane, one.delivery, one.message, now) for one in queue]

        results = await asyncio.gather(*map(converse, queues.values()))
        outcomes = [one for result in results for one in result]
        return await worker._write(lane, lambda parts: worker._settle(parts, outcomes, now))

    monkeypatch.setattr(worker, "_send_all", all_at_once)
    assert len(asyncio.run(begun_after_the_first(here))) == len(PEOPLE) * (EACH - 1)
