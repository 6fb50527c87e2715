"""The database is locked by another process, full, or fails: everybody is answered in time, with the truth, and it passes by itself."""

import asyncio
import itertools
import random
import sqlite3
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, select, text

from bot.domain.conversation import FormSubmitted, Typed
from bot.router import Answer
from storage.people import inbox
from storage.store import GroupCommit
from tests.faults.company import Company, Place, Points, Script, found, nursery
from tests.faults.scripts import MONDAY, nothing
from tests.journeys.conversation import said

PEOPLE = tuple(f"p{at}" for at in range(8))
NOT_SAVED, UNSURE = "not saved", "cannot say"
SECOND = 1.0  # what the platforms leave us, with room for the way


async def enrol(company):
    company.join(*PEOPLE)
    for who in PEOPLE:
        await company.learns(who)


SCRIPT = Script(MONDAY, enrol, ((MONDAY, nothing),))


@pytest.fixture(params=["sqlite", "postgres"])
def company(request, tmp_path, caplog):
    caplog.set_level("CRITICAL")
    url = f"sqlite:///{tmp_path}/acme.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_database")()
    place = Place(tmp_path, url)
    found(SCRIPT, place)
    made = Company(place, MONDAY, Points())
    asyncio.run(crowd(made, 0.0, Talk()))  # everybody is known, every statement was made once
    yield made
    made.close()


class Talk:
    """What people were told, by the key of what they did, and how long the longest answer took."""

    def __init__(self):
        self.keys = itertools.count()
        self.saved, self.not_saved, self.unsure = set(), set(), set()
        self.slowest = 0.0

    def note(self, key, answer, seconds):
        self.slowest = max(self.slowest, seconds)
        words = said(answer)
        kind = self.not_saved if NOT_SAVED in words else self.unsure if UNSURE in words else self.saved
        kind.add(key)


EVENTS = (
    Typed("pause until friday"),
    Typed("progress"),
    Typed("define drift"),
    Typed("resume"),
    FormSubmitted(
        "settings.save", {"role": "any", "track": "everyone-core", "zone": "Asia/Tokyo", "time": "10:30", "days": ["0"]}
    ),
)
WRITES = (0, 3, 4)


async def crowd(company, seconds, talk):
    """Eight people, each doing one thing after the other for so long, and at least once."""
    until = time.monotonic() + seconds

    async def person(who, offset):
        for at in itertools.count(offset):
            key = f"t{next(talk.keys)}-{time.time_ns()}"
            begin = time.monotonic()
            answer = await company.does(who, EVENTS[at % len(EVENTS)], key=key)
            if at % len(EVENTS) in WRITES:
                talk.note(key, answer, time.monotonic() - begin)
            else:
                talk.slowest = max(talk.slowest, time.monotonic() - begin)
            if time.monotonic() >= until:
                return
            await asyncio.sleep(0.02)

    await asyncio.gather(*(person(who, at) for at, who in enumerate(PEOPLE)))


def keys(company):
    return company.system.store.look(lambda conn: set(conn.execute(select(inbox.c.key)).scalars())).result()


def hold(url, seconds, ready):
    """In another process: hold what every writer needs."""
    engine = create_engine(url)
    if url.startswith("sqlite"):
        held = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        held.execute("BEGIN IMMEDIATE")
        Path(ready).touch()
        time.sleep(seconds)
        held.close()
    else:
        with engine.begin() as conn:
            conn.execute(text("LOCK TABLE inbox, member, learner, account IN ACCESS EXCLUSIVE MODE"))
            Path(ready).touch()
            time.sleep(seconds)
    engine.dispose()


def locked(company, seconds, talk):
    """Everybody goes on while another process holds the lock, and a little after."""
    ready = company.place.folder / "ready"
    ready.unlink(missing_ok=True)
    child = nursery().Process(target=hold, args=(company.place.url, seconds, str(ready)))
    child.start()
    while not ready.exists():
        time.sleep(0.005)
    asyncio.run(crowd(company, seconds - 0.1, talk))
    was_told = len(talk.not_saved)
    child.join()
    child.close()
    time.sleep(0.1)
    asyncio.run(crowd(company, 0.0, talk))
    return was_told


def is_long(rounds):
    return rounds(False, True)


def check(company, talk, rounds):
    """What was called saved is there, what was called not saved is not; and it has passed."""
    there = keys(company)
    assert talk.saved <= there
    assert not talk.not_saved & there
    for _ in range(20):  # a slow machine is busy for a while, but not for ever
        after = Talk()
        asyncio.run(crowd(company, 0.0, after))
        if not after.not_saved:
            break
    else:
        pytest.fail("it did not pass without a restart")
    if is_long(rounds):
        assert talk.slowest < SECOND


def test_locked_by_another_process(real_limits, company, rounds, figures):
    """Another process holds the write lock (SQLite) or the tables (PostgreSQL) for four seconds."""
    talk = Talk()
    episodes = rounds(1, 25)
    for _ in range(episodes):
        assert locked(company, rounds(1.0, 4.0), talk)
    figures(
        "P9", "P10",
        episodes=episodes, saved=len(talk.saved), not_saved=len(talk.not_saved), rows_after_it=len(talk.not_saved & keys(company)),
        slowest_ms=round(talk.slowest * 1000),
    )  # fmt: skip
    check(company, talk, rounds)


@pytest.mark.parametrize("company", ["sqlite"], indirect=True)
def test_full_disk(company, rounds, figures):
    """No page can be added to the database; then there is room again."""
    store, room = company.system.store, {"pages": 0}

    @event.listens_for(store.engine, "checkout")
    def limit(connection, _record, _proxy):
        connection.execute(f"PRAGMA max_page_count={room['pages'] or 2**30}")

    def fill(conn):
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        return pages

    talk, episodes, was_full = Talk(), rounds(2, 50), 0
    for _ in range(episodes):
        room["pages"] = store.transact(fill).result()
        for _ in range(30):
            asyncio.run(crowd(company, 0.0, talk))
            if len(talk.not_saved) > was_full:
                break
        was_full = len(talk.not_saved)
        room["pages"] = 0
        asyncio.run(crowd(company, 0.0, talk))
    figures(
        "P9", episodes=episodes, saved=len(talk.saved), not_saved=was_full, rows_after_it=len(talk.not_saved & keys(company))
    )  # fmt: skip
    assert was_full
    check(company, talk, rounds)


@pytest.fixture
def failing(company):
    """``failing(share, when)``: the driver fails in that share of statements or commits, before or after they took effect."""
    chance = random.Random(7)
    state = {"share": 0.0}
    for engine in company.system.store.engines:
        _fail(engine.dialect, chance, state, loses_answers=company.system.store.is_shared)
    return state


def _fail(dialect, chance, state, *, loses_answers):
    errors = dialect.loaded_dbapi.OperationalError
    real_commit, real_execute = dialect.do_commit, dialect.do_execute

    def commit(connection):
        if chance.random() < state["share"]:
            raise errors("disk I/O error")
        real_commit(connection)
        # A server can take a commit and be gone before it says so; a file cannot.
        if loses_answers and chance.random() < state["share"]:
            raise errors("server closed the connection unexpectedly")

    def execute(cursor, statement, parameters, context=None):
        if chance.random() < state["share"] / 10:
            raise errors("disk I/O error")
        real_execute(cursor, statement, parameters, context)

    dialect.do_commit, dialect.do_execute = commit, execute


def test_driver_errors(company, failing, rounds, figures):
    """The driver fails in one of five commits and one of fifty statements."""
    talk, episodes = Talk(), rounds(3, 150)
    for _ in range(episodes):
        failing["share"] = 0.2
        asyncio.run(crowd(company, 0.0, talk))
        failing["share"] = 0.0
    there = keys(company)
    figures(
        "P9",
        episodes=episodes, saved=len(talk.saved), not_saved=len(talk.not_saved), unsure=len(talk.unsure),
        rows_after_not_saved=len(talk.not_saved & there), saved_without_row=len(talk.saved - there),
    )  # fmt: skip
    assert talk.not_saved
    check(company, talk, rounds)


@pytest.mark.parametrize("company", ["sqlite"], indirect=True)
def test_control_a_failed_commit_called_saved_is_seen(company, failing, monkeypatch):
    """Were people answered before the commit, as a store might that has no time, they would be told what is not so."""
    real = GroupCommit.write

    def early(self, task, *, urgent=True):
        told: Future[Answer] = Future()
        real(self, task, urgent=urgent).add_done_callback(lambda _: told.set_result(Answer()))
        return told

    talk = Talk()
    failing["share"] = 0.5
    monkeypatch.setattr(GroupCommit, "write", early)
    asyncio.run(crowd(company, 0.0, talk))
    failing["share"] = 0.0
    monkeypatch.undo()
    assert talk.saved - keys(company)
