"""Sending: the intent before the call, the result after it, and nothing lost or doubled by what happens between."""

import asyncio
import logging

import pytest
from sqlalchemy import update

from bot.errors import DeliveryFailed
from bot.messages import Message
from bot.router import Composed, Kind, OnUnknown, Skip
from scheduler import drain as module
from scheduler.drain import MOST_ATTEMPTS, Lane
from storage import dispatch
from storage.dialects import machine_now
from storage.ledger import delivery
from tests.scheduler.conftest import NOW, composed

REFUSED = DeliveryFailed("429", retry_after=60.0)
BUSY = DeliveryFailed("busy")
PERMANENT = DeliveryFailed("channel_not_found", permanent=True)
AMBIGUOUS = DeliveryFailed("timeout", ambiguous=True)


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL)


def test_what_is_due_is_sent_once_in_order(bench):
    here = bench()
    here.put("a", "b", "c")
    assert here.drain() == 3
    assert here.drain() == 0
    assert here.platform.words() == ["a 1", "b 1", "c 1"]
    assert set(here.states().values()) == {"sent"}


def test_the_parcel_says_where_and_carries_the_marker(bench):
    here = bench()
    here.put("a", place="ml")
    here.drain()
    (parcel,) = here.platform.calls
    assert (parcel.address, parcel.workspace, parcel.member, parcel.at) == ("c-ml", "w", None, NOW)
    assert parcel.delivery == here.rows()["a"].id


# ---- one raising item


def test_one_raising_item_never_fails_the_batch(bench):
    def compose(work, rows):
        if any(one.subject == "poison" for one in rows):
            raise ValueError("poison")
        return composed(work, rows)

    here = bench(kinds=[Kind(name="odd", compose=compose)])
    here.put("a", "poison", "b", kind="odd")
    here.put("c")
    assert here.drain() == 3
    assert here.states() == {"a": "sent", "poison": "ready", "b": "sent", "c": "sent"}
    assert here.rows()["poison"].attempts == 1
    assert here.waits("poison") > 10


def test_it_is_parked_after_bounded_attempts(bench):
    def compose(_work, _rows):
        raise ValueError("poison")

    here = bench(kinds=[Kind(name="odd", compose=compose)])
    here.put("a", kind="odd")
    for _ in range(10):
        here.drain()
        here.no_waiting()
    row = here.rows()["a"]
    assert (row.state, row.reason) == ("dead", "odd: ValueError")
    assert here.platform.calls == []


def test_a_kind_that_leaves_one_out_counts_as_raising(bench):
    here = bench(kinds=[Kind(name="odd", compose=lambda work, rows: {})])
    here.put("a", kind="odd")
    here.drain()
    assert (here.rows()["a"].state, here.rows()["a"].attempts) == ("ready", 1)


def test_a_guard_that_raises_is_kept_apart_too(bench):
    def guard(_work, rows):
        return {one.id: "no" for one in rows if 1 / (one.subject != "poison")}

    here = bench(kinds=[Kind(name="odd", compose=composed, guard=guard)])
    here.put("a", "poison", kind="odd")
    here.drain()
    assert here.states() == {"a": "skipped", "poison": "ready"}


def test_what_a_raising_item_wrote_is_undone(bench):
    def compose(work, rows):
        work.store.participation.add("ann", NOW.date(), "answers")
        if len(rows) > 1 or rows[0].subject == "poison":
            raise ValueError
        return composed(work, rows)

    here = bench(kinds=[Kind(name="odd", compose=compose)])
    here.put("a", "poison", kind="odd")
    here.drain()
    found = here.write(lambda parts: parts.digest.activity(["ann"], NOW.date(), NOW.date()))
    assert found["ann"].answers == 1


def test_a_kind_that_fails_after_sending_sends_nothing_twice(bench):
    """The message is there; were its record undone with the kind's own, it would be sent again."""

    def settled(_work, _rows):
        raise ValueError

    here = bench(kinds=[Kind(name="odd", compose=composed, settled=settled)])
    here.put("a", kind="odd")
    here.put("b")
    assert here.drain() == 2
    assert here.states() == {"a": "sent", "b": "sent"}


def test_a_kind_is_told_what_arrived(bench):
    told: list[str] = []
    here = bench(
        kinds=[Kind(name="odd", compose=composed, settled=lambda _w, rows: told.extend(o.subject for o in rows))]
    )
    here.platform.plan = {"b": [PERMANENT]}
    here.put("a", "b", kind="odd")
    here.drain()
    assert told == ["a"]


def test_a_kind_nobody_knows_is_parked(bench):
    here = bench()
    here.put("a", kind="gone")
    here.put("b")
    assert here.drain() == 1
    assert (here.rows()["a"].state, here.rows()["a"].reason) == ("dead", "no kind called gone")


def test_guarded_skipped_and_expired_are_not_sent(bench):
    skip = Kind(name="skip", compose=lambda _work, rows: {one.id: Skip("done") for one in rows})
    here = bench(
        kinds=[Kind(name="no", compose=composed, guard=lambda _w, rows: {one.id: "left" for one in rows}), skip]
    )
    here.put("a", kind="no")
    here.put("b", kind="skip")
    here.put("c", expires_at=NOW)
    assert here.drain() == 0
    rows = here.rows()
    ends = {subject: (row.state, row.reason) for subject, row in rows.items()}
    assert ends == {"a": ("skipped", "left"), "b": ("skipped", "done"), "c": ("expired", "past its time")}


# ---- what a call can come to


def test_refused_waits_as_long_as_the_platform_says(bench):
    here = bench()
    here.platform.plan = {"a": [REFUSED]}
    here.put("a")
    assert here.drain() == 0
    assert 50 < here.waits("a") <= 60
    assert here.drain() == 0
    here.no_waiting()
    assert here.drain() == 1
    assert here.platform.words() == ["a 1"]


def test_no_platform_may_ask_for_more_than_a_quarter_of_an_hour(bench):
    here = bench()
    here.platform.plan = {"a": [DeliveryFailed("429", retry_after=86_400.0)]}
    here.put("a")
    here.drain()
    assert here.waits("a") <= 900


def test_refused_again_and_again_is_parked(bench):
    here = bench()
    here.platform.plan = {"a": [BUSY] * 50}
    here.put("a", "b")
    waits = []
    for _ in range(MOST_ATTEMPTS + 2):
        here.drain()
        waits.append(here.waits("a"))
        here.no_waiting()
    assert (here.rows()["a"].state, here.rows()["a"].reason) == ("dead", "gave up: busy")
    assert len([one for one in here.platform.calls if one.message.summary == "a 1"]) == MOST_ATTEMPTS
    assert waits[0] < waits[1] < waits[2] < waits[3]
    assert here.states()["b"] == "sent"


def test_permanent_is_not_tried_again(bench):
    here = bench()
    here.platform.plan = {"a": [PERMANENT]}
    here.put("a", "b")
    assert here.drain() == 1
    here.no_waiting()
    here.drain()
    assert (here.rows()["a"].state, here.rows()["a"].reason) == ("dead", "channel_not_found")
    assert len(here.platform.calls) == 2


@pytest.mark.parametrize("on_unknown", OnUnknown)
def test_lost_replies_are_found_by_looking(bench, on_unknown):
    here = bench(kinds=[Kind(name="odd", compose=composed, on_unknown=on_unknown)])
    here.platform.plan = {"a": ["lost"]}
    here.put("a", kind="odd")
    assert here.drain() == 0
    assert here.states() == {"a": "unknown"}
    here.drain()
    assert here.states() == {"a": "sent"}
    assert here.platform.words() == ["a 1"]


def test_absent_is_sent_again_where_none_would_be_worse(bench):
    here = bench()
    here.platform.plan = {"a": [AMBIGUOUS]}
    here.put("a")
    here.drain()
    here.drain()
    assert here.platform.words() == ["a 1"]
    assert here.states() == {"a": "sent"}


def test_absent_is_held_where_two_would_be_worse(bench):
    here = bench(kinds=[Kind(name="odd", compose=composed, on_unknown=OnUnknown.HOLD)])
    here.platform.plan = {"a": [AMBIGUOUS]}
    here.put("a", kind="odd")
    for _ in range(3):
        here.drain()
    assert (here.states(), here.rows()["a"].reason) == ({"a": "unknown"}, "held")
    assert here.waits("a") > 500
    assert len(here.platform.calls) == 1


@pytest.mark.parametrize(("on_unknown", "copies"), [(OnUnknown.RESEND, 2), (OnUnknown.HOLD, 1)])
def test_without_a_look_up_the_kind_decides(bench, on_unknown, copies):
    here = bench(kinds=[Kind(name="odd", compose=composed, on_unknown=on_unknown)])
    here.platform.looks_up = False
    here.platform.plan = {"a": ["lost"]}
    here.put("a", kind="odd")
    for _ in range(4):
        here.drain()
        here.no_waiting()
    assert here.platform.words() == ["a 1"] * copies


def test_control_a_blind_resend_doubles_what_was_there(bench, monkeypatch):
    """Without the state *unknown* the lost reply of the first call would mean a second copy."""

    def failed(self, parts, row, failure):
        parts.dispatch.again(row, failure.reason, 0.0)

    monkeypatch.setattr(module.Drainer, "_failed", failed)
    here = bench()
    here.platform.plan = {"a": ["lost"]}
    here.put("a")
    here.drain()
    assert here.platform.words() == ["a 1", "a 1"]


def test_two_copies_are_the_same_message(bench):
    made: list[int] = []

    def compose(_work, rows):
        said = {one.id: (one.chosen or {}).get("said") or f"lesson{len(made)}" for one in rows}
        made.extend(said)
        return {id: Composed(Message(words), {"said": words}) for id, words in said.items()}

    here = bench(kinds=[Kind(name="odd", compose=compose)])
    here.platform.looks_up = False
    here.platform.plan = {"lesson0": ["lost"]}
    here.put("a", kind="odd")
    for _ in range(3):
        here.drain()
        here.no_waiting()
    assert here.platform.words() == ["lesson0", "lesson0"]


@pytest.mark.parametrize("error", [BUSY, REFUSED, RuntimeError("x"), TimeoutError()])
def test_a_look_up_that_fails_says_nothing(bench, error):
    """It is neither absent nor there: nothing is sent again until the platform has answered."""
    here = bench()
    here.platform.plan = {"a": ["lost"]}
    here.platform.look_up_fails = [error]
    here.put("a")
    here.drain()
    here.put("b")
    here.drain()
    assert here.states() == {"a": "unknown", "b": "sent"}
    here.no_waiting()
    here.drain()
    assert here.platform.words() == ["a 1", "b 1"]


def test_a_look_up_that_always_fails_is_given_up(bench):
    here = bench()
    here.platform.plan = {"a": ["lost"]}
    here.platform.look_up_fails = [BUSY] * 20
    here.put("a")
    for _ in range(10):
        here.drain()
        here.no_waiting()
    assert (here.states(), here.rows()["a"].reason) == ({"a": "dead"}, "gave up: outcome unknown")


def test_an_outage_of_a_minute_loses_nothing(bench):
    """Every try waits longer than the one before, so that attempts last for minutes."""
    here = bench()
    here.platform.plan = {"a": [AMBIGUOUS] * 4}
    here.put("a")
    waited = 0.0
    for _ in range(20):
        here.drain()
        waited += max(here.waits("a"), 0.0) if here.states()["a"] != "sent" else 0.0
        here.no_waiting()
    assert here.states() == {"a": "sent"}
    assert waited > 30


# ---- order, threads, budget


def test_order_within_a_conversation_and_not_between(bench):
    here = bench()
    slow = asyncio.Event()

    async def on_send(parcel):
        if parcel.message.summary == "a1 1":
            await asyncio.wait_for(slow.wait(), 5)
        if parcel.message.summary == "b1 1":
            slow.set()

    here.platform.on_send = on_send
    here.put("a1", "a2")
    here.put("b1", member="bob")
    assert here.drain() == 3
    assert here.platform.words() == ["b1 1", "a1 1", "a2 1"]


def test_a_reply_follows_its_root_and_ends_with_it(bench):
    here = bench()
    here.platform.plan = {"bad": [PERMANENT]}
    here.put("bad", "good", place="ml")
    for root in ("bad", "good"):
        here.put(f"{root}-reply", place="ml", root=("note", root, "1"))
    here.put("good-update", place="ml", root=("note", "good", "1"), update=True)
    here.drain()
    asyncio.run(here.ticker.tick(NOW))
    assert here.states() == {
        "bad": "dead",
        "good": "sent",
        "bad-reply": "skipped",
        "good-reply": "sent",
        "good-update": "sent",
    }
    reply, update = here.platform.calls[-2:]
    good = here.rows()["good"].message_id
    assert (reply.thread, reply.update_of) == (good, None)
    assert (update.thread, update.update_of) == (None, good)


def test_one_sitting_a_day_and_the_budget_comes_back(bench):
    here = bench(kinds=[Kind(name="sitting", compose=composed, budget=True)])
    here.platform.plan = {"a": [PERMANENT]}
    here.put("a", "b", "c", kind="sitting")
    here.drain()
    assert here.states() == {"a": "dead", "b": "skipped", "c": "skipped"}
    here.put("d", kind="sitting")
    here.put("e", kind="sitting", member="bob")
    here.drain()
    here.put("g", kind="sitting", period="3")
    here.drain()
    assert [here.states()[one] for one in "deg"] == ["sent", "sent", "skipped"]
    here.now = NOW.replace(day=25)
    here.put("f", kind="sitting", period="2")
    here.drain()
    assert here.states()["f"] == "sent"


# ---- crashes, leases, stops


def test_a_crash_between_intent_and_call_is_looked_up(bench):
    here = bench()
    here.put("a")
    here.put("b", member="bob")

    class Killed(BaseException):
        pass

    async def die(_parcel):
        raise Killed

    here.platform.on_send = die
    with pytest.raises(Killed):
        here.drain()
    here.platform.on_send = None
    assert set(here.states().values()) == {"sending"}
    after = here.worker("two")
    asyncio.run(after.take_over())
    assert set(here.states().values()) == {"unknown"}
    here.drain(after)
    assert sorted(here.platform.words()) == ["a 1", "b 1"]
    assert set(here.states().values()) == {"sent"}


def test_a_result_that_could_not_be_saved_is_found_when_the_lease_is_over(bench, monkeypatch):
    """The database was locked just then. Nobody restarts; the same worker goes on by itself."""
    here = bench()
    here.put("a")
    with monkeypatch.context() as patch:
        patch.setattr(module.Drainer, "_settle", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            here.drain()
    assert here.states() == {"a": "sending"}
    here.drain()
    assert here.states() == {"a": "sending"}  # its lease is not over
    with monkeypatch.context() as patch:
        real = machine_now
        patch.setattr(dispatch, "machine_now", lambda conn: real(conn) + 60)
        here.drain()
    assert here.states() == {"a": "sent"}
    assert here.platform.words() == ["a 1"]


def test_a_worker_that_slept_past_its_lease_sends_nothing(bench, monkeypatch):
    """It froze between claim and intent; another took over and sent. Exactly one copy."""
    here = bench()
    here.put("a")
    sleeper, other = here.worker("sleeper"), here.worker("other")
    real = sleeper._intents.commit

    def slow(parts, claimed, now):
        parts.conn.execute(update(delivery).values(state="claimed", owner="other", epoch=delivery.c.epoch + 1))
        return real(parts, claimed, now)

    monkeypatch.setattr(sleeper._intents, "commit", slow)
    here.drain(sleeper)
    assert here.platform.calls == []
    asyncio.run(other.take_over())
    here.drain(other)
    assert here.platform.words() == ["a 1"]


def test_calls_that_would_outlast_the_lease_are_not_begun(bench, monkeypatch):
    here = bench()
    here.put("a", "b", "c")
    monkeypatch.setattr(module, "CALLS_SECONDS", 0.05)

    async def slow(_parcel):
        await asyncio.sleep(0.06)

    here.platform.on_send = slow
    assert here.drain() == 3  # in three rounds
    rows = here.rows().values()
    assert {(one.state, one.attempts) for one in rows} == {("sent", 1)}
    assert here.platform.words() == ["a 1", "b 1", "c 1"]


def test_a_call_that_hangs_is_cut_and_doubtful(bench, monkeypatch):
    here = bench()
    here.put("a", "b")
    monkeypatch.setattr(module, "CALL_SECONDS", 0.05)

    async def hang(parcel):
        if parcel.message.summary == "a 1" and len(here.platform.calls) == 1:
            await asyncio.sleep(5)

    here.platform.on_send = hang
    here.drain()
    assert here.states() == {"a": "unknown", "b": "sent"}
    here.drain()
    assert here.states() == {"a": "sent", "b": "sent"}


def test_no_call_begins_after_a_confirmed_stop(bench):
    """A pause is committed while a batch is under way: what was claimed and not yet called is not sent."""
    here = bench()
    here.put("a", "b")
    real = here.drainer._send_all

    async def paused(lane, claimed):
        here.write(lambda parts: parts.ledger.skip("paused", member="ann"))
        return await real(lane, claimed)

    here.drainer._send_all = paused
    assert here.drain() == 0
    assert here.platform.calls == []
    assert set(here.states().values()) == {"skipped"}


async def test_stopping_finishes_what_is_under_way_and_begins_nothing(bench):
    here = bench()
    for at, who in enumerate(("ann", "bob", "cyd")):
        here.put(f"s{at}", member=who)
    here.put("next")
    begun = asyncio.Event()

    async def on_send(_parcel):
        begun.set()
        await asyncio.sleep(0.05)

    here.platform.on_send = on_send
    serving = asyncio.create_task(here.drainer.serve())
    await begun.wait()
    here.put("late")
    await here.drainer.stop()
    await asyncio.wait_for(serving, 5)
    states = here.states()
    assert states["late"] == states["next"] == "ready"
    assert {states[f"s{at}"] for at in range(3)} == {"sent"}


async def test_a_wake_up_sends_at_once(bench, monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 60.0)
    here = bench()
    loop = asyncio.get_running_loop()
    here.store.on_wake = lambda: loop.call_soon_threadsafe(here.drainer.wake)
    serving = asyncio.create_task(here.drainer.serve())
    await asyncio.sleep(0.05)
    await asyncio.to_thread(here.put, "a")
    for _ in range(100):
        if here.platform.arrived:
            break
        await asyncio.sleep(0.02)
    assert here.platform.words() == ["a 1"]
    await here.drainer.stop()
    await serving


async def test_one_lane_in_trouble_does_not_stop_the_others(bench):
    here = bench()
    here.put("a")
    broken = Lane("w2", "nobody", here.platform)
    good = Lane("w", "acme", here.platform)
    worker = here.worker("two")

    async def lanes():
        return [broken, good]

    worker._lanes = lanes
    real = worker._resolve

    async def resolve(lane, doubtful):
        if lane is broken:
            raise RuntimeError("trouble")
        await real(lane, doubtful)

    worker._resolve = resolve
    with pytest.raises(RuntimeError):
        await worker.drain()
    assert here.platform.words() == ["a 1"]
