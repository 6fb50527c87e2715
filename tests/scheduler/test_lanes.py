"""Lanes side by side, and doubt that comes to an end."""

import asyncio
import logging
from datetime import timedelta

import pytest

from bot.errors import DeliveryFailed
from bot.ports.people import Channel
from bot.router import Kind, OnUnknown
from scheduler import drain as module
from scheduler.drain import Lane
from storage.tenancy import Workspace, add_workspace
from tests.scheduler.conftest import NOW, composed

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL)


async def test_a_long_wave_in_one_lane_holds_up_no_other(bench):
    """The first lane's call hangs until the second lane has sent what came after it."""
    here = bench()
    here.put("slow")
    other = Workspace(id="w2", tenant="acme", platform="test", team="t2", name="Second")
    here.store.transact(lambda conn: add_workspace(conn, other)).result()
    place = Channel(id="c2", workspace="w2", address="c-2", name="c2", zone="UTC")
    here.write(lambda parts: parts.people.add_channel(place))
    slow, quick = asyncio.Event(), asyncio.Event()

    async def on_send(parcel):
        if parcel.workspace == "w":
            slow.set()
            await quick.wait()
        else:
            quick.set()

    async def lanes():
        return [Lane("w", "acme", here.platform), Lane("w2", "acme", here.platform)]

    here.platform.on_send = on_send
    here.drainer._lanes = lanes
    serving = asyncio.create_task(here.drainer.serve())
    await asyncio.wait_for(slow.wait(), 5)
    here.put("quick", place="c2")
    here.drainer.wake()
    await asyncio.wait_for(quick.wait(), 5)
    await here.drainer.stop()
    await serving
    assert here.states() == {"slow": "sent", "quick": "sent"}


async def test_what_comes_at_the_end_of_a_round_is_not_left_to_the_poll(bench, monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 60.0)
    here = bench()
    here.put("a")
    real = here.drainer._send_due

    async def then_one_more(lane):
        sent = await real(lane)
        if here.platform.words() == ["a 1"]:
            here.put("b")  # the claims of this round are over
            here.drainer.wake()
            await asyncio.sleep(0.05)
        return sent

    monkeypatch.setattr(here.drainer, "_send_due", then_one_more)
    serving = asyncio.create_task(here.drainer.serve())
    for _ in range(200):
        if len(here.platform.arrived) == 2:
            break
        await asyncio.sleep(0.02)
    assert here.platform.words() == ["a 1", "b 1"]
    await here.drainer.stop()
    await serving


@pytest.mark.parametrize("on_unknown", OnUnknown)
def test_doubt_ends_with_the_time_of_the_message(bench, on_unknown):
    """Neither is an old message sent again, nor is one that is held looked at for ever."""
    here = bench(kinds=[Kind(name="odd", compose=composed, on_unknown=on_unknown)])
    here.platform.plan = {"a": [DeliveryFailed("timeout", ambiguous=True)]}
    here.put("a", kind="odd", expires_at=NOW + HOUR)
    here.drain()
    assert here.states() == {"a": "unknown"}
    here.now = NOW + HOUR
    here.no_waiting()
    here.drain()
    assert (here.rows()["a"].state, here.rows()["a"].reason) == ("dead", "gave up: outcome unknown")
    assert len(here.platform.calls) == 1


def test_what_may_have_arrived_keeps_its_budget(bench):
    here = bench(kinds=[Kind(name="odd", compose=composed, budget=True)])
    here.platform.plan = {"a": [DeliveryFailed("timeout", ambiguous=True)]}
    here.put("a", kind="odd", expires_at=NOW + HOUR)
    here.drain()
    here.now = NOW + HOUR
    here.no_waiting()
    here.drain()
    assert here.states() == {"a": "dead"}
    assert not here.write(lambda parts: parts.dispatch.take_budget("ann", NOW.date(), 999))


async def test_each_worker_begins_with_other_lanes(bench):
    """All are woken at once, and whoever comes first has a lane for its whole wave."""
    here = bench()
    every = [Lane(f"w{at}", "acme", here.platform) for at in range(20)]

    async def lanes():
        return every

    orders = []
    for name in ("one", "two", "one"):
        worker = here.worker(name)
        worker._lanes = lanes
        orders.append([lane.workspace for lane in await worker._in_our_order()])
    assert orders[0] == orders[2] != orders[1]
    assert all(sorted(one) == sorted(lane.workspace for lane in every) for one in orders)


async def entered_at_once(worker, monkeypatch, lanes):
    """How many lanes of one worker are looked into at the same time."""
    now = [0, 0]
    real = worker._write

    async def write(lane, work):
        if getattr(work, "func", None) != worker._look_in:
            return await real(lane, work)
        now[0] += 1
        now[1] = max(now)
        await asyncio.sleep(0.001)
        found = await real(lane, work)
        now[0] -= 1
        return found

    async def every():
        return lanes

    worker._lanes = every
    monkeypatch.setattr(worker, "_write", write)
    await worker.drain()
    return now[1]


async def test_lanes_are_entered_one_after_the_other(bench, monkeypatch):
    """Workers that are woken together share the lanes; the first of them would take all, if it asked for all at once."""
    here = bench()
    lanes = [Lane(f"w{at}", "acme", here.platform) for at in range(5)]
    assert await entered_at_once(here.worker("one"), monkeypatch, lanes) == 1
    control = here.worker("two")
    control._entrance = asyncio.Semaphore(9)
    assert await entered_at_once(control, monkeypatch, lanes) == 5
