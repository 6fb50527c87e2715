"""Draining deliveries to a sender that does nothing, beside the same rows by plain driver SQL.

Ratios are of processor time, for others may be on the machine: a program that waits for its turn is no slower for it.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench.figures import confine, costs, heading, postgres
from bot.app import App
from bot.domain.deliveries import Delivery
from bot.messages import Message
from bot.router import Answer, Composed, Feature, Kind, Work, table
from content.texts import JinjaTexts
from scheduler.drain import POLL_SECONDS, Drainer, Lane
from scheduler.ports import Parcel
from storage.dialects import open_engine
from storage.ledger import READY, delivery
from storage.parts import Parts
from storage.people import account, member
from storage.store import Store
from storage.tally import Tally
from storage.tenancy import Accounts, Workspace, add_tenant, add_workspace
from storage.upgrade import upgrade

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MANY, SOME, BATCH, LANES = 100_000, 20_000, 100, 8
SHARED_LANES = 32  # of several workers: how evenly a few lanes fall is chance
FEW = 1_000
TOGETHER_SECONDS = 0.5  # workers wait so long for their start


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _sqlite(f"sqlite:///{Path(folder) / 'bench.db'}")
    with postgres() as server:
        if server:
            _shared(*server)


def _sqlite(url: str) -> None:
    heading(
        "draining to a sender that does nothing, SQLite, one worker (floors: the same three steps by plain sqlite3)"
    )
    _found(url, MANY)
    for count in (FEW, MANY):
        _loops(url, count, lambda: _Lite(url), None, "25,000")
    _marks(url, _Lite(url), None, "0.35")


def _shared(url: str, postmaster: int) -> None:
    heading("the same on PostgreSQL (floors: by plain psycopg)")
    _found(url, MANY)
    _loops(url, SOME, lambda: _Big(url), postmaster, "8,000")
    _marks(url, _Big(url), postmaster, "0.55")
    _snapshot(url, postmaster)
    _workers(url, postmaster)


def _loops(url: str, count: int, plain: Callable[[], _Lite | _Big], postmaster: int | None, target: str) -> None:
    """The whole protocol beside the bare statements, and beside these with a call for each message."""
    _put(url, count)
    bare = costs(count, lambda: _plain_loop(plain()), postmaster)
    _put(url, count)
    called = costs(count, lambda: _plain_loop(plain(), _call_all), postmaster)
    _put(url, count)
    ours = costs(count, lambda: _drain(url, "one"), postmaster)
    print(f"  floor, {count:>7,} deliveries, statements alone  {bare.told()}")
    print(f"  floor, {count:>7,}, and a call for each          {called.told()}")
    print(f"  full loop, {count:>7,} deliveries                {ours.told()}")
    print(
        f"    {called.work / ours.work:.2f}x of the floor with calls (target: at least 0.55; and {target}/s), "
        f"{bare.work / ours.work:.2f}x of the statements alone"
    )


def _snapshot(url: str, postmaster: int) -> None:
    """A report or a backup keeps a snapshot open, so nothing that was updated since can be cleared away."""
    _put(url, SOME)
    free = costs(SOME, lambda: _drain(url, "one"), postmaster)
    _put(url, SOME)
    engine = open_engine(url)
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as conn:
        conn.execute(select(func.count()).select_from(delivery)).scalar_one()
        held = costs(SOME, lambda: _drain(url, "one"), postmaster)
    engine.dispose()
    print(f"  full loop, {SOME:>7,}, a snapshot held open      {held.told()}")
    print(f"    {free.work / held.work:.2f}x of the loop without (target: at least 0.7)")


def _workers(url: str, postmaster: int) -> None:
    """Processes that all want all lanes: leases decide who has which. How many rows each sent tells how even it was.

    One worker and its server keep more than one processor busy already, so what more workers bring is told from one
    processor for everything: the lanes lose little to each other where twice the processors send nearly twice as much.
    """
    if not hasattr(os, "sched_setaffinity"):
        print("  more workers are not measured: only Linux can confine them to processors")
        return
    every = sorted(os.sched_getaffinity(0))
    alone = 0.0
    for workers, processors in ((1, every[:1]), (1, every), (2, every), (4, every)):
        _put(url, MANY, SHARED_LANES)
        shares: list[int] = []
        confine(postmaster, processors)
        processes = [_worker(url, processors) for _ in range(workers)]
        cost = costs(MANY, partial(_let_work, url, processes, shares), postmaster)
        confine(postmaster, every)
        # What they took since the word to go: not to import everything.
        client = sum(float(one.stdout.read()) for one in processes if one.stdout)
        cost = replace(cost, client=client, wall=cost.wall - TOGETHER_SECONDS)
        rate = MANY / cost.wall
        alone = alone or rate
        busy = (cost.client + cost.server) / cost.wall
        print(
            f"  full loop, {MANY:>7,}, {workers} workers, {SHARED_LANES} lanes, {len(processors)} processors  {cost.told()}"
        )
        print(
            f"    {rate / alone:.2f}x of one worker on one processor{' (target: at least 1.6)' if workers == 4 else ''}; "
            f"rows by worker {shares}; {busy:.1f} of {len(processors)} processors were ours"
        )


# ---- the ledger to be drained


def _found(url: str, count: int) -> None:
    engine = open_engine(url)
    upgrade(engine)
    with engine.begin() as conn:
        add_tenant(conn, "t", "Bench", "secret", NOW)
        for lane in range(SHARED_LANES):
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


def _put(url: str, count: int, lanes: int = LANES) -> None:
    engine = open_engine(url)
    base = {"tenant": "t", "kind": "note", "period": "1", "state": "ready", "due_at": NOW, "payload": {}}
    with engine.begin() as conn:
        conn.execute(delivery.delete())
        rows = [
            {**base, "workspace": f"w{at % lanes}", "account": f"a{at}", "member": f"m{at}", "subject": f"m{at}"}
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


def _drain(url: str, owner: str, begin: Callable[[], object] = lambda: None, count: int = LANES) -> None:
    """Drain every lane that is to be had, as a worker does, until nothing is left."""
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
    places = [Lane(f"w{lane}", "t", Nowhere()) for lane in range(count)]

    async def lanes() -> list[Lane]:
        return places

    async def drain() -> None:
        drainer = Drainer(app, store, lanes, lambda: NOW, owner)
        await drainer.drain()
        while _is_any_left(store):  # another worker has the lanes that are left; this one asks as often as it would
            await asyncio.sleep(POLL_SECONDS)
            await drainer.drain()

    begin()
    asyncio.run(drain())
    store.close()


def _is_any_left(store: Store) -> bool:
    ready = select(delivery.c.id).where(READY).limit(1)
    return store.look(lambda conn: conn.execute(ready).first() is not None).result()


def _worker(url: str, processors: Sequence[int]) -> subprocess.Popen[str]:
    """A process that has imported and opened everything, and waits for the word."""
    command = f"from bench.draining import work; work({url!r}, {processors!r})"
    one = subprocess.Popen([sys.executable, "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert one.stdout is not None
    one.stdout.readline()
    return one


def _let_work(url: str, workers: Sequence[subprocess.Popen[str]], shares: list[int]) -> None:
    """From the word to go until everything is sent. ``shares`` gets how many rows each has sent."""
    together = time.time() + TOGETHER_SECONDS  # as a wake-up comes to all of them at once
    for one in workers:
        _go(one, together)
    for one in workers:
        one.wait()
    engine = open_engine(url)
    with engine.connect() as conn:
        by_worker = select(func.count()).where(delivery.c.state == "sent").group_by(delivery.c.owner)
        shares += sorted(conn.execute(by_worker).scalars(), reverse=True)
    engine.dispose()
    assert sum(shares) == MANY, f"{MANY - sum(shares)} were not sent"
    shares += [0] * (len(workers) - len(shares))


def _go(one: subprocess.Popen[str], at: float) -> None:
    assert one.stdin is not None
    one.stdin.write(f"{at}\n")
    one.stdin.close()


def work(url: str, processors: Sequence[int]) -> None:
    """What a worker does; it tells how many seconds of the processor that took."""
    os.sched_setaffinity(0, processors)
    spent = 0.0

    def begin() -> None:
        nonlocal spent
        print("ready", flush=True)
        time.sleep(max(0.0, float(sys.stdin.readline()) - time.time()))
        spent = time.process_time()

    _drain(url, f"worker-{os.getpid()}", begin, SHARED_LANES)
    print(time.process_time() - spent)


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


def _call_all(rows: Sequence[tuple[Any, ...]]) -> None:
    """A call for each, as a worker makes them: all at once, each with a limit to its time."""

    async def call(id: int) -> str:
        parcel = Parcel(delivery=id, workspace="w", address="a", thread=None, update_of=None, message=Message("A note"),
                        member=None, at=NOW)  # fmt: skip
        async with asyncio.timeout(10.0):
            return await Nowhere().send(parcel)

    async def call_all() -> None:
        await asyncio.gather(*(call(row[0]) for row in rows))

    _LOOP.run_until_complete(call_all())


_LOOP = asyncio.new_event_loop()
Call = Callable[[Sequence[tuple[Any, ...]]], object]


def _plain_loop(plain: _Lite | _Big, call: Call = lambda _rows: None) -> None:
    plain.conn.execute("UPDATE delivery SET workspace = 'w0'")
    plain.conn.commit()
    while rows := _claim(plain):
        plain.many(f"UPDATE delivery SET state = 'sending', attempts = attempts + 1 WHERE id = {plain.mark}", rows)
        plain.conn.commit()
        call(rows)
        plain.many(f"UPDATE delivery SET state = 'sent', message_id = 'm' WHERE id = {plain.mark}", rows)
        plain.conn.commit()
    plain.conn.close()


def _marks(url: str, plain: _Lite | _Big, postmaster: int | None, target: str) -> None:
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

    times = SOME // BATCH // 3
    ours()  # makes the statements
    floor = costs(times * BATCH, partial(_repeat, theirs, times), postmaster)
    mine = costs(times * BATCH, partial(_repeat, ours, times), postmaster)
    plain.conn.close()
    engine.dispose()
    print(f"  floor, claim and mark, a hundred at a time      {floor.told()}")
    print(f"  claim and mark, a hundred at a time             {mine.told()}")
    print(f"    {floor.work / mine.work:.2f}x of the floor (target: at least {target})")


def _repeat(work: Callable[[], None], times: int) -> None:
    for _ in range(times):
        work()
