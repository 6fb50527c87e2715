"""What the pool does where threads wait for threads, and where the answer to a commit is lost."""

import threading

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from bot.errors import NotSaved, OutcomeUnknown
from storage.dialects import open_engine
from storage.store import Store

URGENT_THREADS = 4


@pytest.fixture
def pooled(emptied):
    made = Store(open_engine(emptied()))
    yield made
    made.close()


def one(conn):
    return conn.execute(text("SELECT 1")).scalar_one()


def test_handlers_on_every_thread_can_still_look_something_up(pooled):
    """An old pack is loaded inside the answer to a quiz; after a release that happens on all threads at once."""
    full = threading.Barrier(URGENT_THREADS)

    def handler(_conn):
        full.wait(30)
        return pooled.look_here(one)

    assert [done.result(60) for done in [pooled.transact(handler) for _ in range(URGENT_THREADS)]] == [1] * 4


def test_control_a_look_on_another_thread_would_wait_for_ever(pooled):
    full = threading.Barrier(URGENT_THREADS)

    def handler(_conn):
        full.wait(30)
        try:
            return pooled.look(one).result(0.3)
        finally:
            full.wait(30)  # nobody makes room before everybody has waited in vain

    waiting = [pooled.transact(handler) for _ in range(URGENT_THREADS)]
    assert {type(done.exception(60)) for done in waiting} == {TimeoutError}


def test_a_lost_answer_to_a_commit_is_not_called_not_saved(pooled):
    def lose(_conn):
        raise OperationalError("COMMIT", {}, Exception("server closed the connection"))

    for engine in pooled.engines:
        event.listen(engine, "commit", lose)
    with pytest.raises(OutcomeUnknown):
        pooled.transact(one).result(30)
    with pytest.raises(NotSaved):
        pooled.look(one).result(30)
    for engine in pooled.engines:
        event.remove(engine, "commit", lose)
    assert pooled.transact(one).result(30) == 1


def test_a_handler_of_either_database_looks_on_its_own_thread(store):
    def handler(_parts):
        return store.look_here(lambda _conn: threading.current_thread()), threading.current_thread()

    there, here = store.write("acme", handler).result(30)
    assert there is here


def test_facts_set_at_once_are_all_kept(store):
    """Each is read and written back with the others: without the lock the last one to write would undo the rest."""
    names = [f"fact{at}" for at in range(24)]
    done = [store.write("acme", lambda parts, one=one: parts.people.set_flag("ann", one, True)) for one in names]
    for one in done:
        one.result(10)
    kept = store.read("acme", lambda parts: [one for one in names if parts.people.flag("ann", one)]).result(10)
    assert kept == names
