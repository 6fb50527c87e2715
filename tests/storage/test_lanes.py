"""Several processes on one PostgreSQL: one worker to a lane, one planner to a company, and wake-ups between them."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import text, update

from bot.domain.deliveries import Outgoing
from bot.ports.people import Member
from storage import locks, wakeups
from storage.dialects import open_engine
from storage.dispatch import LEASE_SECONDS
from storage.ledger import delivery
from storage.parts import Parts
from storage.schema import metadata
from storage.store import Store
from storage.tenancy import Workspace, add_tenant, add_workspace

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def url(postgres_database):
    """A company of two people with one lane."""
    made = postgres_database()
    engine = open_engine(made)
    metadata.create_all(engine)
    with engine.begin() as conn:
        add_tenant(conn, "acme", "Acme", "secret", NOW)
        add_workspace(conn, Workspace(id="w", tenant="acme", platform="test", team="t", name="Acme"))
        for name in ("ann", "bob"):
            Parts(conn, "acme").people.add_member(Member(id=name, name=name), NOW)
            Parts(conn, "acme").people.add_account(f"a-{name}", "w", name, f"u-{name}", f"d-{name}")
    engine.dispose()
    return made


@pytest.fixture
def lane(url):
    """Two messages that are due in it; ``lane(work)`` runs work in a transaction of its own."""
    engine = open_engine(url)

    def transact(work):
        with engine.begin() as conn:
            return work(Parts(conn, "acme"))

    rows = [Outgoing(kind="note", subject=one, period="1", member=one) for one in ("ann", "bob")]
    transact(lambda parts: parts.ledger.put(rows, NOW))
    yield transact
    transact(lambda parts: (parts.conn.execute(delivery.delete()), parts.conn.execute(locks.lock.delete())))
    engine.dispose()


def claim(transact, who, limit=1):
    def work(parts):
        return parts.dispatch.claim("w", who, NOW, limit) if parts.dispatch.enter("w", who, NOW) else []

    return transact(work)


def test_one_worker_at_a_time_has_a_lane(lane):
    assert len(claim(lane, "one")) == 1
    assert claim(lane, "two") == []
    lane(lambda parts: parts.dispatch.leave("w", "one"))
    assert len(claim(lane, "two")) == 1


def test_nobody_gives_back_the_lane_of_another(lane):
    claim(lane, "one")
    lane(lambda parts: parts.dispatch.leave("w", "two"))
    assert claim(lane, "two") == []


def test_control_without_leases_two_workers_share_a_lane(lane, monkeypatch):
    monkeypatch.setattr(locks, "take", lambda *_: True)
    assert len(claim(lane, "one")) == len(claim(lane, "two")) == 1


def test_who_slept_past_the_lease_has_lost_lane_and_rows(lane):
    mine = claim(lane, "one", 2)
    lapse(lane)
    lane(lambda parts: parts.dispatch.recover(everything=False, look_in=0.0))
    assert len(claim(lane, "two", 2)) == 2
    assert not lane(lambda parts: parts.dispatch.keep("w", "one"))
    assert lane(lambda parts: parts.dispatch.hold("one", mine)) == []


def test_an_intent_keeps_the_lane_as_long_as_its_rows(lane):
    mine = claim(lane, "one", 2)
    lapse(lane, by=LEASE_SECONDS - 1)
    assert lane(lambda parts: parts.dispatch.keep("w", "one"))
    assert len(lane(lambda parts: parts.dispatch.hold("one", mine))) == 2
    until = lane(lambda parts: parts.conn.execute(locks.lock.select()).one().until)
    rows = lane(lambda parts: parts.conn.execute(delivery.select()).all())
    assert all(row.lease_until <= until + 0.1 for row in rows)


def lapse(transact, by=LEASE_SECONDS + 1):
    """Time passes for every lease."""

    def work(parts):
        parts.conn.execute(update(delivery).values(lease_until=delivery.c.lease_until - by))
        parts.conn.execute(update(locks.lock).values(until=locks.lock.c.until - by))

    transact(work)


def test_one_transaction_plans_for_a_company_and_the_others_do_not_wait(url):
    engine = open_engine(url)
    with engine.begin() as one, engine.begin() as two:
        assert Parts(one, "acme").dispatch.alone("planning")
        assert not Parts(two, "acme").dispatch.alone("planning")
        assert Parts(two, "beta").dispatch.alone("planning")
        assert Parts(two, "acme").dispatch.alone("sweeping")
    with engine.begin() as later:
        assert Parts(later, "acme").dispatch.alone("planning")
    engine.dispose()


# ---- wake-ups


@pytest.fixture
def stores(url, lane):
    """One that writes and one that listens, as ``serve --no-worker`` and ``worker`` are."""
    writes, listens = Store(open_engine(url)), Store(open_engine(url))
    heard = threading.Event()
    listens.wakeups.on_wake = heard.set
    writes.wakeups.start(listen=False)
    listens.wakeups.start(listen=True)
    assert heard.wait(10)  # it wakes once when it begins to listen, for what was said before
    heard.clear()
    yield writes, heard
    writes.close()
    listens.close()


def put(store, period):
    rows = [Outgoing(kind="note", subject="ann", period=period, member="ann")]
    store.write("acme", lambda parts: parts.ledger.put(rows, NOW)).result()


def test_a_row_of_another_process_wakes_the_worker(stores):
    writes, heard = stores
    put(writes, "2")
    assert heard.wait(10)


def test_a_listener_that_was_lost_listens_again(stores, url, monkeypatch):
    monkeypatch.setattr(wakeups, "AGAIN_SECONDS", 0.01)
    writes, heard = stores
    engine = open_engine(url)
    with engine.begin() as conn:
        gone = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
        assert conn.execute(gone).scalars().all() == [True]
    engine.dispose()
    assert heard.wait(10)  # it listens again
    heard.clear()
    put(writes, "3")
    assert heard.wait(10)


def test_a_store_of_one_process_starts_no_thread():
    store = Store(open_engine("sqlite://"))
    store.wakeups.start(listen=True)
    assert not [one for one in threading.enumerate() if one.name.startswith("store_")]
    store.close()
