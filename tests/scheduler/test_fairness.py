"""Nobody waits behind a wave: urgent messages go before it, it goes on all the same, and other lanes do not notice it."""

import asyncio

import pytest

from bot.ports.people import Channel
from bot.router import Kind
from scheduler.drain import Lane
from storage import dispatch
from storage.tenancy import Workspace, add_workspace
from tests.scheduler.conftest import composed

ROOM = 20


def wave(here, count=60):
    here.put(*(f"lesson-{at}" for at in range(count)))


def subjects(here):
    return [one.split()[0] for one in here.platform.words()]


@pytest.fixture
def urgent(bench, request):
    """A company with an urgent kind, or for the control one that is not; sent twenty at a time."""
    here = bench(kinds=[Kind(name="reminder", compose=composed, urgent=getattr(request, "param", True))])
    here.platform.room = lambda _workspace: ROOM
    return here


def in_the_middle_of_a_wave(here):
    wave(here)

    async def on_send(_parcel):
        if len(here.platform.calls) == 5:
            await asyncio.to_thread(here.put, "soon", kind="reminder", place="ml")

    here.platform.on_send = on_send
    here.drain()
    return subjects(here).index("soon")


def test_what_is_urgent_waits_for_no_more_than_what_is_under_way(urgent):
    assert in_the_middle_of_a_wave(urgent) == ROOM
    assert set(urgent.states().values()) == {"sent"}


@pytest.mark.parametrize("urgent", [False], indirect=True)
def test_control_what_is_not_urgent_waits_behind_the_wave(urgent):
    assert in_the_middle_of_a_wave(urgent) == 60


def endless(here, rounds=6):
    """More that is urgent than can be sent, all the time: how many lessons were sent meanwhile."""
    wave(here, 15)

    def more():
        at = len(here.platform.calls)
        here.put(*(f"soon-{at}-{number}" for number in range(2 * ROOM)), kind="reminder", place="ml")

    here.platform.room = lambda _workspace: 0 if len(here.platform.calls) >= rounds * ROOM else ROOM

    async def on_send(_parcel):
        if len(here.platform.calls) % ROOM == 1:
            await asyncio.to_thread(more)

    more()
    here.platform.on_send = on_send
    here.drain()
    return sum(one.startswith("lesson") for one in subjects(here))


def test_however_much_is_urgent_the_rest_has_its_share(urgent):
    assert endless(urgent) == 15


def test_control_without_a_share_the_rest_is_never_sent(urgent, monkeypatch):
    monkeypatch.setattr(dispatch, "ORDINARY_SHARE", 1_000)
    assert endless(urgent) == 0


def with_another_company(here, drain):
    """How many of a wave were sent before the one message of another workspace."""
    wave(here)
    other = Workspace(id="w2", tenant="acme", platform="test", team="t2", name="Second")
    here.store.transact(lambda conn: add_workspace(conn, other)).result()
    place = Channel(id="c2", workspace="w2", address="c-2", name="c2", zone="UTC")
    here.write(lambda parts: parts.people.add_channel(place))
    here.put("alone", place="c2")
    lanes = [Lane("w", "acme", here.platform), Lane("w2", "acme", here.platform)]

    async def both():
        return lanes

    here.platform.room = lambda _workspace: ROOM
    here.drainer._lanes = both
    asyncio.run(drain(lanes))
    assert set(here.states().values()) == {"sent"}
    return subjects(here).index("alone")


def test_a_wave_in_one_workspace_delays_no_other(bench):
    here = bench()
    assert with_another_company(here, lambda _lanes: here.drainer.drain()) <= ROOM


def test_control_lane_after_lane_the_other_waits_for_the_whole_wave(bench):
    here = bench()

    async def in_turn(lanes):
        for lane in lanes:
            await here.drainer._drain_lane(lane)

    assert with_another_company(here, in_turn) == 60


def test_a_worker_that_must_wait_keeps_its_lane_and_claims_nothing(bench):
    here = bench()
    wave(here, 3)
    here.platform.room = lambda _workspace: 0
    assert here.drain() == 0
    assert set(here.states().values()) == {"ready"}
    here.platform.room = lambda _workspace: 2
    assert here.drain() == 3
