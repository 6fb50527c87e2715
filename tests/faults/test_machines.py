"""Any order of claims, intents, results, lapses, stops and repeats: the ledger, the bookings and the inbox do as plain dicts do."""

from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select, update

from bot.domain.deliveries import Outgoing
from bot.domain.office_hours import NEARBY, Outcome, Person, Window, judge, slots, weekly
from bot.ports.people import Member
from storage import office_hours
from storage.dialects import open_engine
from storage.dispatch import DispatchPart
from storage.ledger import delivery
from storage.office_hours import booking
from storage.parts import Parts
from storage.people import People
from storage.schema import metadata
from storage.tenancy import Workspace, add_tenant, add_workspace
from tests.scheduler.conftest import NOW

PEOPLE = ("ann", "bob", "cyd", "dan")
OWNERS = ("one", "two")
OPEN = {"ready", "claimed", "sending", "unknown"}


@cache
def empty():
    """One database for every example: making its tables costs more than a hundred steps."""
    engine = open_engine("sqlite://")
    metadata.create_all(engine)
    return engine


class Machine(RuleBasedStateMachine):
    """A company in memory, in one transaction that is thrown away."""

    steps = 0  # of all examples

    def __init__(self):
        super().__init__()
        type(self).steps -= 1  # its beginning is no step
        self.conn = empty().connect()
        self.conn.begin()
        add_tenant(self.conn, "t", "Acme", "secret", NOW)
        add_workspace(self.conn, Workspace(id="w", tenant="t", platform="test", team="t", name="Acme"))
        self.parts = Parts(self.conn, "t")
        for name in PEOPLE:
            self.parts.people.add_member(Member(id=name, name=name), NOW)
            self.parts.people.add_account(f"a-{name}", "w", name, f"u-{name}", f"d-{name}")

    @invariant()
    def counted(self):
        type(self).steps += 1

    def teardown(self):
        self.conn.rollback()
        self.conn.close()


class Deliveries(Machine):
    """Two workers, of whom each may freeze at any point and come back with what it believes to hold."""

    def __init__(self):
        super().__init__()
        self.model = {}  # id -> state
        self.keys = {}  # subject -> id
        self.held: dict[str, list] = {owner: [] for owner in OWNERS}  # what a worker believes to have claimed
        self.calls: dict[str, list] = {owner: [] for owner in OWNERS}  # what it is calling
        self.epochs = {}  # id -> (owner, epoch) of the claim in force
        self.doubted = set()  # sent again though a call may have arrived: never said to be unsent

    def unsent(self, id):
        return "dead" if id in self.doubted else "skipped"

    def own(self, one, owner):
        return self.epochs.get(one.id) == (owner, one.epoch)

    @rule(subject=st.integers(0, 6), who=st.sampled_from(PEOPLE))
    def plan(self, subject, who):
        new = Outgoing(kind="note", subject=f"s{subject}", period="1", member=who)
        assert self.parts.ledger.put([new], NOW) == (f"s{subject}" not in self.keys)
        if f"s{subject}" not in self.keys:
            row = self.parts.ledger.find(new.key)
            assert row is not None
            self.keys[f"s{subject}"] = row.id
            self.model[row.id] = "ready"

    @rule(owner=st.sampled_from(OWNERS), limit=st.integers(1, 3))
    def claim(self, owner, limit):
        found = self.parts.dispatch.claim("w", owner, NOW, limit)
        ready = [id for id, state in self.model.items() if state == "ready"]
        assert len(found) == min(limit, len(ready))
        for one in found:
            assert self.model[one.id] == "ready"
            self.model[one.id] = "claimed"
            self.epochs[one.id] = (owner, one.epoch)
        self.held[owner] += found

    @rule(owner=st.sampled_from(OWNERS))
    def intend(self, owner):
        believed, self.held[owner] = self.held[owner], []
        held = self.parts.dispatch.hold(owner, believed)
        mine = [one for one in believed if self.model[one.id] == "claimed" and self.own(one, owner)]
        assert {(one.id, one.epoch) for one in held} == {(one.id, one.epoch) for one in mine}
        assert self.parts.dispatch.intend(owner, held, {}) == {one.id for one in mine}
        for one in held:
            self.model[one.id] = "sending"
        self.calls[owner] += held

    @rule(owner=st.sampled_from(OWNERS))
    def refuse(self, owner):
        """Its kind does not want the first of them any more."""
        believed, self.held[owner] = self.held[owner], []
        for one in self.parts.dispatch.hold(owner, believed[:1]):
            self.parts.dispatch.end(one, "skipped", "paused")
            self.model[one.id] = self.unsent(one.id)

    @precondition(lambda self: any(self.calls.values()))
    @rule(data=st.data(), result=st.sampled_from(["sent", "again", "unknown", "dead", "uncalled"]))
    def result(self, data, result):
        owner = data.draw(st.sampled_from([owner for owner in OWNERS if self.calls[owner]]))
        one = self.calls[owner].pop(0)
        is_mine = self.own(one, owner) and self.model[one.id] in OPEN - {"ready"}
        if result == "sent":
            assert self.parts.dispatch.sent(one, "m", NOW) == (self.model[one.id] != "sent")
            self.model[one.id] = "sent"
            return
        tell = {
            "again": lambda: self.parts.dispatch.again(one, "429", 0.0),
            "unknown": lambda: self.parts.dispatch.unknown(one, "reset", 0.0),
            "dead": lambda: self.parts.dispatch.end(one, "dead", "no"),
            "uncalled": lambda: self.parts.dispatch.uncalled(one),
        }
        tell[result]()
        if is_mine:
            self.model[one.id] = {"again": "ready", "uncalled": "ready"}.get(result, result)

    @rule()
    def lapse(self):
        self.conn.execute(update(delivery).values(lease_until=0.0, not_before=0.0))
        self.parts.dispatch.recover(everything=False)
        after = {"claimed": "ready", "sending": "unknown"}
        self.model = {id: after.get(state, state) for id, state in self.model.items()}

    @precondition(lambda self: "unknown" in self.model.values())
    @rule(is_there=st.booleans())
    def look_up(self, is_there):
        for one in self.parts.dispatch.doubtful("w", 1):
            if is_there:
                assert self.parts.dispatch.sent(one, "m", NOW)
            else:
                self.parts.dispatch.resend(one, 0.0)
                self.doubted.add(one.id)
            self.model[one.id] = "sent" if is_there else "ready"

    @rule(who=st.sampled_from(PEOPLE))
    def stop(self, who):
        theirs = set(self.conn.execute(select(delivery.c.id).where(delivery.c.member == who)).scalars())
        waiting = [id for id, state in self.model.items() if id in theirs and state in {"ready", "claimed"}]
        assert self.parts.ledger.skip("paused", member=who) == len(waiting)
        self.model |= {id: self.unsent(id) for id in waiting}

    @invariant()
    def the_ledger_is_the_model(self):
        rows = {row.id: row.state for row in self.conn.execute(select(delivery.c.id, delivery.c.state))}
        assert rows == self.model


WINDOWS = tuple(
    Window(id=f"{host}{size}", host=Person(host, host), zone="UTC", rule=weekly(range(7)), first_day=date(2026, 11, 24),
           start=600, end=720, slot_minutes=size, capacity=size // 30 + 1, buffer_minutes=size % 7, day_minutes=90)
    for host in PEOPLE[:2] for size in (30, 40)
)  # fmt: skip
SLOTS = tuple(slot for one in WINDOWS for slot in slots(one, NOW, NOW + timedelta(days=2)))


class Bookings(Machine):
    """Claims and cancellations on overlapping windows against a list of what is held."""

    def __init__(self):
        super().__init__()
        for one in WINDOWS:
            self.parts.office_hours.add_window(one, NOW)
        self.held = {}  # id -> (slot, asker)
        self.made = 0

    @rule(slot=st.sampled_from(SLOTS), asker=st.sampled_from(PEOPLE))
    def book(self, slot, asker):
        self.made += 1
        people = {slot.window.host.id, asker}
        holds = self.parts.office_hours.holds(people, slot.start - NEARBY, slot.end + NEARBY)
        mine = [one for one, who in self.held.values() if who == asker]
        minutes = sum((one.end - one.start) // timedelta(minutes=1) for one in mine)
        wanted = judge(slot, asker, holds, minutes, NOW, 90)
        id = f"b{self.made}"
        assert self.parts.office_hours.claim(id, slot, asker, "Why?", NOW, most_minutes=90) is wanted
        if wanted is Outcome.BOOKED:
            self.held[id] = (slot, asker)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), twice=st.booleans())
    def cancel(self, data, twice):
        id = data.draw(st.sampled_from(sorted(self.held)))
        assert self.parts.office_hours.cancel(id, self.held.pop(id)[1], NOW)
        assert not (twice and self.parts.office_hours.cancel(id, "ann", NOW))

    @invariant()
    def nothing_is_sold_twice(self):
        rows = self.conn.execute(select(booking).where(booking.c.state == "booked")).all()
        assert {row.id for row in rows} == set(self.held)
        sessions: dict = {}
        for slot, asker in self.held.values():
            sessions.setdefault((slot.window.id, slot.start), []).append(asker)
        for (window, _), askers in sessions.items():
            assert len(askers) <= next(one.capacity for one in WINDOWS if one.id == window)
            assert len(askers) == len(set(askers))
        spans = [(slot.window.host.id, slot.window.id, slot.start, slot.end) for slot, _ in self.held.values()]
        for host, window, start, end in spans:
            for other, place, begins, ends in spans:
                assert host != other or (window, start) == (place, begins) or end <= begins or ends <= start


class Inbox(Machine):
    """Keys that come again, at two workspaces."""

    def __init__(self):
        super().__init__()
        add_workspace(self.conn, Workspace(id="v", tenant="t", platform="test", team="v", name="Acme"))
        self.seen = {}

    @rule(workspace=st.sampled_from(["w", "v"]), key=st.integers(0, 30), is_undone=st.booleans())
    def hear(self, workspace, key, is_undone):
        before = (workspace, key) in self.seen
        point = self.parts.savepoint()
        assert self.parts.people.first_time(workspace, f"k{key}", NOW + len(self.seen) * timedelta(hours=1)) != before
        if is_undone:  # its handler refused: the event may come again
            point.rollback()
        else:
            point.commit()
            self.seen.setdefault((workspace, key), NOW + len(self.seen) * timedelta(hours=1))

    @rule(hours=st.integers(0, 40))
    def forget(self, hours):
        limit = NOW + timedelta(hours=hours)
        self.parts.dispatch.forget(inbox_before=limit, log_before=NOW, answers_before=NOW)
        self.seen = {key: at for key, at in self.seen.items() if at >= limit}


SHORT = settings(max_examples=6, stateful_step_count=25)
LONG = settings(max_examples=1_800, stateful_step_count=100)  # the machines together: half a million steps


def walked(machine, rounds, figures, *promises):
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(machine, settings=rounds(SHORT, LONG))
    figures(*promises, steps=machine.steps, failures=0)


def test_deliveries(rounds, figures):
    """A state machine: two workers that freeze and come back, stops, lapses and look-ups, against a dict."""
    walked(Deliveries, rounds, figures, "P1", "P5")


def test_bookings(rounds, figures):
    """A state machine: claims and cancellations on overlapping windows, against a list."""
    walked(Bookings, rounds, figures, "P3")


def test_inbox(rounds, figures):
    """A state machine: repeated keys, undone handlers and retention, against a set."""
    walked(Inbox, rounds, figures, "P4")


# ---- controls: without its guard each machine sees what it is there to see


@contextmanager
def machine(kind):
    one = kind()
    try:
        yield one
    finally:
        one.teardown()


def test_control_a_worker_that_keeps_its_lost_rows_is_seen(monkeypatch):
    monkeypatch.setattr(DispatchPart, "hold", lambda _self, _owner, claimed: list(claimed))
    with machine(Deliveries) as one:
        one.plan(subject=0, who="ann")
        one.claim(owner="one", limit=1)
        one.lapse()
        one.claim(owner="two", limit=1)
        with pytest.raises(AssertionError):
            one.intend(owner="one")


def test_control_a_slot_sold_twice_is_seen(monkeypatch):
    monkeypatch.setattr(office_hours, "judge", lambda *_: Outcome.BOOKED)
    with machine(Bookings) as one:
        one.book(slot=SLOTS[-1], asker="cyd")
        with pytest.raises(AssertionError):
            one.book(slot=SLOTS[-1], asker="cyd")


def test_control_an_event_heard_twice_is_seen(monkeypatch):
    monkeypatch.setattr(People, "first_time", lambda *_: True)
    with machine(Inbox) as one:
        one.hear(workspace="w", key=1, is_undone=False)
        with pytest.raises(AssertionError):
            one.hear(workspace="w", key=1, is_undone=False)
