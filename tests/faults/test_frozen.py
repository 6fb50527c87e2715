"""Of two workers on one PostgreSQL the one that sends is frozen past its lease, again and again."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from bot.domain.deliveries import Outgoing
from storage.dialects import open_engine
from storage.ledger import delivery
from storage.parts import Parts
from tests.faults.company import nursery
from tests.faults.conftest import PEOPLE, populate
from tests.faults.replicas import copies, doubts, owner, states, works
from tests.scheduler.conftest import NOW

LEASE = 2.0  # seconds


class Pair:
    """Two workers of one company, and the wall they send to."""

    def __init__(self, url, wall, *, fenced, sees):
        self._wall = wall
        self._engine = open_engine(url)
        self._workers = {
            name: nursery().Process(target=works, args=(url, wall, name, LEASE, fenced, sees))
            for name in ("one", "two")
        }
        for child in self._workers.values():
            child.start()

    def close(self):
        for child in self._workers.values():
            os.kill(child.pid, signal.SIGCONT)
            child.kill()
            child.join()
            child.close()
        self._engine.dispose()

    def freeze(self, each):
        """Freeze whoever sends, until the other one has sent everything. (copies by message, calls whose outcome was unknown)"""
        ids = self._queue(each)
        self._until(lambda: self._sent(ids).total() >= len(PEOPLE) and owner(self._engine) is not None)
        sleeper = self._workers[owner(self._engine) or "one"]
        os.kill(sleeper.pid, signal.SIGSTOP)
        try:
            self._until(lambda: set(states(self._engine)) == {"sent"})
        finally:
            os.kill(sleeper.pid, signal.SIGCONT)
        time.sleep(0.5)  # what the sleeper still has in hand goes out now, if anything lets it
        return self._sent(ids), doubts(self._engine)

    def _queue(self, each):
        """So many messages to everybody, and nothing of what was before."""
        rows = [Outgoing(kind="note", subject=who, period=str(at), member=who) for at in range(each) for who in PEOPLE]
        with self._engine.begin() as conn:
            conn.execute(delivery.delete())
            Parts(conn, "acme").ledger.put(rows, NOW)
            return set(conn.execute(delivery.select().with_only_columns(delivery.c.id)).scalars())

    def _sent(self, ids):
        found = copies(self._wall)
        for other in found.keys() - ids:
            del found[other]
        return found

    def _until(self, holds):
        deadline = time.monotonic() + 120
        while not holds():
            assert time.monotonic() < deadline, "nothing moves any more"
            assert all(child.exitcode is None for child in self._workers.values())
            time.sleep(0.03)


@contextmanager
def pair(url, wall, *, fenced=True, sees=False):
    made = Pair(url, wall, fenced=fenced, sees=sees)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("sees", [True, False], ids=["looks up", "blind"])
def test_a_frozen_worker_sends_nothing_when_it_wakes(postgres_database, tmp_path, sees, rounds, figures):
    """Of two workers on one PostgreSQL the one that is sending is stopped past its lease, and goes on when the other has sent everything."""
    freezes, pairs = rounds(int(sees), 84), rounds(1, 3)  # mostly it waits: several pairs, each with its company
    if not freezes:  # in the short form the control below stands for it
        return
    each, urls = 5, [populate(postgres_database()) for _ in range(pairs)]

    def freeze(at):
        with pair(urls[at], tmp_path / str(at), sees=sees) as workers:
            return [workers.freeze(each) for _ in range(freezes)]

    with ThreadPoolExecutor(pairs) as pool:
        outcomes = [one for some in pool.map(freeze, range(pairs)) for one in some]
    messages = sum(len(found) for found, _ in outcomes)
    lost = len(outcomes) * len(PEOPLE) * each - messages
    extra = sum(found.total() - len(found) for found, _ in outcomes)
    unknown = sum(doubtful for _, doubtful in outcomes)
    figures("P1", freezes=len(outcomes), messages=messages, lost=lost, extra=extra, unknown=unknown)
    assert lost == 0
    assert extra <= unknown


def test_control_without_the_fence_a_frozen_worker_doubles(postgres_database, tmp_path):
    """Not each time: on a busy machine it may be stopped with nothing in hand."""
    with pair(populate(postgres_database()), tmp_path / "wall", fenced=False) as workers:
        assert any(found.total() - len(found) > doubtful for found, doubtful in (workers.freeze(8) for _ in range(8)))
