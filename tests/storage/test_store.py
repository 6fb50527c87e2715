"""Transactions: one commit for many on SQLite, a bounded pool on PostgreSQL; what is told is what was saved."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from bot.domain.deliveries import Outgoing
from bot.errors import NotSaved
from storage.dialects import open_engine
from storage.people import inbox
from storage.settings import tenant
from storage.store import GroupCommit, Inline, Store
from tests.storage.conftest import NOW


def mark(conn, key):
    conn.execute(inbox.insert().values(workspace="w-acme", key=key, tenant="acme", received_at=NOW))
    return key


def mark_at(at, conn):
    return mark(conn, f"k{at}")


def marks(store):
    return store.look(lambda conn: set(conn.execute(select(inbox.c.key)).scalars())).result()


def boom(conn, key):
    mark(conn, key)
    raise ValueError(key)


# ---- both


def test_a_write_is_there_when_its_future_is_done(store):
    assert store.transact(lambda conn: mark(conn, "a")).result() == "a"
    assert marks(store) == {"a"}


@pytest.mark.parametrize("urgent", [True, False])
def test_a_handler_that_raises_leaves_nothing_and_is_told(store, urgent):
    future = store.transact(lambda conn: boom(conn, "a"), urgent=urgent)
    with pytest.raises(ValueError, match="a"):
        future.result()
    assert marks(store) == set()
    assert store.transact(lambda conn: mark(conn, "b")).result() == "b"


def test_a_statement_the_database_refuses_leaves_nothing(store):
    store.transact(lambda conn: mark(conn, "a")).result()

    def twice(conn):
        mark(conn, "b")
        mark(conn, "a")

    with pytest.raises(IntegrityError):
        store.transact(twice).result()
    assert marks(store) == {"a"}


def test_many_writers_lose_nothing(store):
    def add(_):
        def work(parts):
            settings = parts.people.settings()
            parts.participation.add("ann", NOW.date(), "answers")
            return settings.group_floor

        return store.write("acme", work).result()

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(add, range(200))) == {5}
    found = store.read("acme", lambda parts: parts.digest.activity(["ann"], NOW.date(), NOW.date())).result()
    assert found["ann"].answers == 200


def test_a_commit_that_plans_something_wakes_and_no_other_does(store):
    woken = []
    store.on_wake = lambda: woken.append(True)
    note = Outgoing(kind="note", subject="s", period="1", member="ann")
    store.write("acme", lambda parts: parts.people.settings()).result()
    assert woken == []

    def undone(parts):
        parts.ledger.put([note], NOW)
        raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        store.write("acme", undone).result()
    assert woken == []
    store.write("acme", lambda parts: parts.ledger.put([note], NOW)).result()
    deadline = time.monotonic() + 5
    while not woken and time.monotonic() < deadline:  # it is called after the future is done
        time.sleep(0.01)
    assert woken == [True]


def test_readers_see_what_is_committed(store):
    assert store.look(lambda conn: conn.execute(select(tenant.c.id)).scalars().all()).result() == ["acme", "bravo"]


# ---- SQLite


def _writes():
    return threading.current_thread().name == "store-writer"


class Writer:
    """The group commit of a file, with its writer held until everything is queued; counts what it begins and commits."""

    def __init__(self, url):
        self.engine = open_engine(url)
        self.begun = self.committed = 0
        event.listen(self.engine, "begin", self._begin)
        event.listen(self.engine, "commit", self._commit)
        self.fail_commit = False
        self.group = GroupCommit(self.engine)
        self._gate = threading.Event()
        self._held = threading.Event()

    def _begin(self, _conn):
        self.begun += _writes()

    def _commit(self, _conn):
        if self.fail_commit:
            self.fail_commit = False
            raise OperationalError("COMMIT", {}, Exception("disk full"))
        self.committed += _writes()

    def hold(self):
        """Keep the writer busy in a transaction of its own, until :meth:`release`."""
        self.gate_future = self.group.write(self._wait)
        assert self._held.wait(30)
        time.sleep(0.03)  # past the time in which it would take more into its batch
        self.begun = self.committed = 0

    def _wait(self, _conn):
        self._held.set()
        self._gate.wait(30)

    def release(self):
        self._gate.set()

    def written(self):
        return self.group.read(lambda conn: set(conn.execute(select(inbox.c.key)).scalars())).result()

    def close(self):
        self.group.close()
        self.engine.dispose()


@pytest.fixture
def writer(fresh_url):
    made = Writer(fresh_url())
    yield made
    made.close()


@pytest.fixture
def held(writer, monkeypatch):
    """A writer that is held; what is queued until its release is one batch, on a slow machine as well."""
    writer.hold()
    monkeypatch.setattr("storage.store.BATCH_SECONDS", 30.0)  # the held task's own batch has used up its time already
    return writer


def test_what_is_queued_is_committed_at_once(held):
    writer = held
    futures = [writer.group.write(lambda conn, at=at: mark(conn, f"k{at}")) for at in range(20)]
    writer.release()
    assert [one.result() for one in futures] == [f"k{at}" for at in range(20)]
    assert (writer.begun, writer.committed) == (1, 2)  # the held one's commit, and one for all
    assert len(writer.written()) == 20


def test_a_raising_handler_undoes_only_its_savepoint(writer):
    writer.hold()
    before = writer.group.write(lambda conn: mark(conn, "before"))
    bad = writer.group.write(lambda conn: boom(conn, "bad"))
    after = writer.group.write(lambda conn: mark(conn, "after"))
    writer.release()
    assert (before.result(), after.result()) == ("before", "after")
    with pytest.raises(ValueError, match=r"bad|boom"):
        bad.result()
    assert writer.begun == 1
    assert writer.written() == {"before", "after"}


def test_control_without_savepoints_the_bad_ones_rows_would_stay(writer, monkeypatch):
    from storage import store as module

    def run(conn, item):
        try:
            item.result = item.task(conn)
        except Exception as error:  # noqa: BLE001
            item.error = error

    monkeypatch.setattr(module, "_run_in_savepoint", run)
    writer.hold()
    good, bad = (writer.group.write(lambda conn, f=f: f(conn, f.__name__)) for f in (mark, boom))
    writer.release()
    good.result()
    with pytest.raises(ValueError, match=r"bad|boom"):
        bad.result()
    assert writer.written() == {"mark", "boom"}


def test_a_failed_commit_fails_the_whole_batch(held):
    writer = held
    futures = [writer.group.write(lambda conn, at=at: mark(conn, f"k{at}")) for at in range(3)]
    bad = writer.group.write(lambda conn: boom(conn, "bad"))
    writer.fail_commit = False
    held = writer.gate_future
    writer.release()
    held.result()
    # The commit of the batch behind it.
    for one in futures:
        one.result()
    with pytest.raises(ValueError, match=r"bad|boom"):
        bad.result()

    writer.fail_commit = True
    lost = writer.group.write(lambda conn: mark(conn, "lost"))
    with pytest.raises(NotSaved, match="disk full"):
        lost.result()
    assert "lost" not in writer.written()
    assert writer.group.write(lambda conn: mark(conn, "next")).result() == "next"


def test_every_waiter_of_a_batch_that_failed_is_told(held):
    writer = held
    futures = [writer.group.write(lambda conn, at=at: mark(conn, f"k{at}")) for at in range(5)]

    def arm(_conn):
        writer.fail_commit = True

    futures.append(writer.group.write(arm))
    writer.release()
    for one in futures:
        with pytest.raises(NotSaved):
            one.result()
    assert writer.written() == set()


def test_a_transaction_that_ended_fails_the_whole_batch(held):
    """A full disk rolls back by itself: what ran before it in the batch is gone too, and nobody is told otherwise."""

    def end(conn):
        mark(conn, "x")
        conn.exec_driver_sql("ROLLBACK")
        conn.execute(text("SELECT * FROM nothing"))

    writer = held
    before = writer.group.write(lambda conn: mark(conn, "before"))
    ended = writer.group.write(end)
    writer.release()
    for one in (before, ended):
        with pytest.raises(NotSaved):
            one.result()
    assert writer.written() == set()


def test_what_was_cancelled_before_it_began_is_not_run(writer):
    writer.hold()
    ran = []
    kept = writer.group.write(lambda conn: mark(conn, "kept"))
    dropped = writer.group.write(lambda _conn: ran.append(True))
    assert dropped.cancel()
    writer.release()
    kept.result()
    assert ran == []
    assert writer.written() == {"kept"}


def test_what_has_begun_cannot_be_cancelled(writer):
    writer.hold()
    assert not writer.gate_future.cancel()
    writer.release()


def test_people_come_before_background_work(writer):
    writer.hold()
    order = []
    futures = [writer.group.write(lambda _conn, at=at: order.append(at), urgent=at >= 2) for at in range(4)]
    writer.release()
    for one in futures:
        one.result()
    assert order == [2, 3, 0, 1]


def test_a_long_queue_is_committed_in_pieces(writer):
    """A transaction takes no more work after 20 ms, so that answers do not wait for the end of the queue."""
    writer.hold()
    futures = [writer.group.write(lambda _conn: time.sleep(0.008)) for _ in range(10)]
    writer.release()
    for one in futures:
        one.result()
    assert 3 <= writer.begun <= 10


def test_closing_finishes_what_is_queued(fresh_url):
    made = Writer(fresh_url())
    made.hold()
    futures = [made.group.write(partial(mark_at, at), urgent=False) for at in range(5)]
    closing = threading.Thread(target=made.group.close)
    closing.start()
    made.release()
    closing.join(5)
    assert [one.result(0) for one in futures] == [f"k{at}" for at in range(5)]
    with pytest.raises(NotSaved):
        made.group.write(lambda conn: mark(conn, "late")).result(1)
    made.engine.dispose()


def test_a_database_that_cannot_be_written_is_told_and_passes(fresh_url):
    url = fresh_url()
    made = Writer(url)
    other = open_engine(url)

    def impatient(connection, _record):
        connection.execute("PRAGMA busy_timeout=50")

    event.listen(made.engine, "connect", impatient)
    made.engine.dispose()
    with other.begin():
        with pytest.raises(NotSaved, match="locked"):
            made.group.write(lambda conn: mark(conn, "a")).result(5)
        assert made.written() == set()  # readers go on
    assert made.group.write(lambda conn: mark(conn, "b")).result(5) == "b"
    assert made.written() == {"b"}
    other.dispose()
    made.close()


# ---- PostgreSQL


@pytest.fixture
def pooled(emptied):
    made = Store(open_engine(emptied()))
    yield made
    made.close()


def setting(name):
    return lambda conn: conn.execute(text(f"SHOW {name}")).scalar_one()


def test_what_a_person_waits_for_waits_for_nothing_long(real_limits, pooled):
    assert pooled.transact(setting("lock_timeout")).result() == "200ms"
    assert pooled.transact(setting("statement_timeout")).result() == "500ms"
    assert pooled.transact(setting("lock_timeout"), urgent=False).result() == "0"


def test_a_lock_held_elsewhere_is_not_saved_in_time(real_limits, pooled):
    lock = text("SELECT * FROM tenant WHERE id = 'acme' FOR UPDATE")
    with pooled.engine.begin() as conn:
        conn.execute(lock)
        with pytest.raises(NotSaved, match="lock timeout"):
            pooled.write("acme", lambda parts: parts.people.change_settings()).result(5)
    pooled.write("acme", lambda parts: parts.people.change_settings()).result(5)


def test_a_table_locked_elsewhere_holds_up_no_reader(real_limits, pooled):
    with pooled.engine.begin() as conn:
        conn.execute(text("LOCK TABLE tenant IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(NotSaved, match="lock timeout"):
            pooled.read("acme", lambda parts: parts.people.settings()).result(5)
    assert pooled.read("acme", lambda parts: parts.people.settings()).result(5)


def test_background_work_cannot_take_every_thread(pooled):
    gate = threading.Event()
    slow = [pooled.transact(lambda _conn: gate.wait(5), urgent=False) for _ in range(10)]
    assert pooled.transact(lambda conn: mark(conn, "a")).result(5) == "a"
    gate.set()
    for one in slow:
        one.result(5)


def test_what_waits_for_a_thread_can_be_cancelled(pooled):
    gate = threading.Event()
    busy = [pooled.transact(lambda _conn: gate.wait(5)) for _ in range(4)]
    ran = []
    waiting = pooled.transact(lambda _conn: ran.append(True))
    assert waiting.cancel()
    gate.set()
    for one in busy:
        one.result(5)
    assert ran == []


# ---- inline


def test_inline_is_at_once_and_tells_errors_the_same_way():
    engine = open_engine("sqlite://")
    inbox.metadata.create_all(engine)
    made = Store(engine, Inline(engine))
    assert made.transact(lambda conn: mark(conn, "a")).done()
    with pytest.raises(ValueError, match="b"):
        made.transact(lambda conn: boom(conn, "b")).result()
    assert marks(made) == {"a"}
    made.close()


def test_a_waiter_drops_its_work_while_the_writer_is_stuck_in_begin(fresh_url):
    """The database is locked by somebody else: nothing has begun, so nothing follows the "not saved"."""
    url = fresh_url()
    made = Writer(url)
    other = open_engine(url)
    with other.begin():
        future = made.group.write(lambda conn: mark(conn, "late"))
        time.sleep(0.2)
        assert future.cancel()
    assert made.group.write(lambda conn: mark(conn, "next")).result(10) == "next"
    assert made.written() == {"next"}
    made.close()
    other.dispose()
