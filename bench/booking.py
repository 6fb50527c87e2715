"""Booking under contention: many at once on few slots, beside the same statements by the plain driver.

What must not be sold twice is counted in every round.
"""

from __future__ import annotations

import re
import sqlite3
import statistics
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from bench.figures import Cost, costs, heading, postgres, row
from bot.domain.office_hours import NEARBY, Outcome, Person, Window, slots, weekly
from bot.errors import NotSaved
from bot.ports.store import Parts as PartsPort
from storage.dialects import open_engine
from storage.office_hours import booking
from storage.parts import Parts
from storage.people import member
from storage.store import AT_ONCE, Store
from storage.tenancy import Workspace, add_tenant, add_workspace
from storage.upgrade import upgrade

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ATTEMPTS, PEOPLE, SEATS = 1_000, 16, 10
ROUNDS = 9
WINDOW = Window(
    id="bench", host=Person("m0", "x"), zone="UTC", rule=weekly(range(7)), first_day=NOW.date(), start=600, end=900,
    slot_minutes=30, day_minutes=600, horizon_days=7,
)  # fmt: skip
SLOTS = [one for one in slots(WINDOW, NOW, NOW + timedelta(days=3)) if one.start > NOW + timedelta(days=1)][:SEATS]
Attempt = Callable[[int], bool]  # by its number: whether it got a seat


def run() -> None:
    title = f"booking, {ATTEMPTS:,} attempts of {PEOPLE} threads on {SEATS} slots"
    with tempfile.TemporaryDirectory() as folder:
        heading(f"{title}, SQLite (floor: the same statements by plain sqlite3, {PEOPLE} attempts a transaction)")
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        _found(url)
        with closing(_Lite(url)) as plain:
            _compare(url, None, plain.round, 3_000)
    with postgres() as server:
        if server:
            heading(f"{title}, PostgreSQL (floor: the same by plain psycopg, a transaction each on {AT_ONCE} threads)")
            _found(server[0])
            with closing(_Big(server[0])) as plain:
                _compare(*server, plain.round, 1_500)


def _compare(url: str, postmaster: int | None, floor: Callable[[], int], target: int) -> None:
    """Rounds of both in turn, so that whoever else is on the machine slows both. The first of each is not counted."""
    store = Store(open_engine(url))
    bare, mine = [], []
    with ThreadPoolExecutor(PEOPLE) as pool:
        for _ in range(1 + ROUNDS):
            bare.append(_round(store, floor, postmaster))
            mine.append(_round(store, lambda: sum(pool.map(partial(_attempt, store), range(ATTEMPTS))), postmaster))
    store.close()
    cold = mine[0].wall * 1000
    middle = row("floor", [one.wall for one in bare[1:]], per=ATTEMPTS)
    row("booking", [one.wall for one in mine[1:]], per=ATTEMPTS, floor=middle)
    least, work = (statistics.median(one.work for one in rounds[1:]) * 1_000_000 for rounds in (bare, mine))
    print(f"    by processor time {work:.0f} us an attempt, {least:.0f} of the floor: {least / work:.2f}x of it")
    print(f"    sold {SEATS} in every round (target: {SEATS}, and at least {target:,}/s)")
    print(f"    not counted is the first round, which makes the statements and the connections: {cold:.0f} ms")


def _round(store: Store, work: Callable[[], int], postmaster: int | None) -> Cost:
    """One round on empty slots; nothing may be sold twice or stay unsold."""
    told = []
    store.transact(_clear).result()
    cost = costs(ATTEMPTS, lambda: told.append(work()), postmaster)
    sold = store.look(lambda conn: conn.execute(select(booking.c.host, booking.c.starts_at)).all()).result()
    assert [len(sold), len(set(sold)), *told] == [SEATS] * 3, f"sold {len(sold)} seats of {len(set(sold))}, told {told}"
    return cost


def _found(url: str) -> None:
    engine = open_engine(url)
    upgrade(engine)
    with engine.begin() as conn:
        add_tenant(conn, "t", "Bench", "secret", NOW)
        add_workspace(conn, Workspace(id="w", tenant="t", platform="none", team="bench", name="Bench"))
        base = {"tenant": "t", "name": "x", "locale": "en", "active": True, "flags": {}, "created_at": NOW}
        conn.execute(member.insert(), [{**base, "id": f"m{at}", "account": f"a{at}"} for at in range(ATTEMPTS + 1)])
        Parts(conn, "t").office_hours.add_window(WINDOW, NOW)
    engine.dispose()


def _clear(conn: Connection) -> None:
    conn.execute(booking.delete())


def _attempt(store: Store, at: int) -> bool:
    def claim(parts: PartsPort) -> Outcome:
        return parts.office_hours.claim(f"b{at}", SLOTS[at % SEATS], f"m{at + 1}", "Why?", NOW, most_minutes=90)

    while True:
        try:
            return store.write("t", claim).result() is Outcome.BOOKED
        except NotSaved:  # on a busy machine a lock was not free in time: tried again, as a person would
            continue


# ---- the floor: what a claim asks of the database, and no rule but that a seat is sold once

_HOLD = (
    "SELECT host, member, office_window, starts_at, ends_at, day, seat, buffer_minutes FROM booking WHERE tenant = :t"
)
_LOOK = f"""
{_HOLD} AND host IN (:host, :asker) AND starts_at BETWEEN :first AND :last AND state <> 'cancelled'
UNION ALL {_HOLD} AND member = :host AND starts_at BETWEEN :first AND :last AND state <> 'cancelled'
UNION ALL {_HOLD} AND member = :asker AND starts_at BETWEEN :since AND :until AND state <> 'cancelled'
UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM office_window
WHERE tenant = :t AND id = :window AND closed_at IS NULL
"""
_TURN = """
INSERT INTO office_turn (tenant, member, turns) VALUES (:t, :person, 1)
ON CONFLICT (tenant, member) DO UPDATE SET turns = office_turn.turns + 1
"""
_BOOK = """
INSERT INTO booking (tenant, id, office_window, host, member, starts_at, ends_at, day, seat, buffer_minutes, question,
                     place, state, sequence, created_at, changed_at)
VALUES (:t, :id, :window, :host, :asker, :start, :end, :day, 1, 0, 'Why?', '', 'booked', 0, :now, :now)
ON CONFLICT DO NOTHING
"""
_BOOKED = "UPDATE office_turn SET last_booked_at = :now WHERE tenant = :t AND member = :host"


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _claim(ask: Callable[[str, dict[str, Any]], Any], at: int) -> bool:
    slot = SLOTS[at % SEATS]
    values: dict[str, Any] = {
        "t": "t",
        "id": f"b{at}",
        "host": WINDOW.host.id,
        "asker": f"m{at + 1}",
        "window": WINDOW.id,
        "start": _seconds(slot.start),
        "end": _seconds(slot.end),
        "day": slot.day.isoformat(),
        "first": _seconds(slot.start - NEARBY),
        "last": _seconds(slot.end + NEARBY),
        "since": _seconds(NOW - NEARBY),
        "until": _seconds(NOW + timedelta(days=36_500)),
        "now": _seconds(NOW),
    }

    def is_free() -> bool:
        found = ask(_LOOK, values).fetchall()
        return values["start"] not in {one[3] for one in found}

    if not is_free():
        return False
    for person in sorted((WINDOW.host.id, f"m{at + 1}")):
        ask(_TURN, {"t": "t", "person": person})
    if not is_free() or ask(_BOOK, values).rowcount == 0:
        return False
    ask(_BOOKED, values)
    return True


class _Lite:
    """Plain ``sqlite3``, with the same durability."""

    def __init__(self, url: str) -> None:
        self._conn = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        self._conn.execute("PRAGMA synchronous=FULL")

    def round(self) -> int:
        sold = 0
        for first in range(0, ATTEMPTS, PEOPLE):
            self._conn.execute("BEGIN IMMEDIATE")
            for at in range(first, min(first + PEOPLE, ATTEMPTS)):
                self._conn.execute("SAVEPOINT task")
                sold += _claim(self._conn.execute, at)
                self._conn.execute("RELEASE task")
            self._conn.execute("COMMIT")
        return sold

    def close(self) -> None:
        self._conn.close()


class _Big:
    """Plain ``psycopg``, each thread with a connection of its own."""

    def __init__(self, url: str) -> None:
        import psycopg

        address = url.replace("postgresql+psycopg", "postgresql")
        self._conns = [psycopg.connect(address) for _ in range(AT_ONCE)]
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def round(self) -> int:
        return sum(self._pool.map(self._share, range(AT_ONCE)))

    def _share(self, number: int) -> int:
        conn, sold = self._conns[number], 0
        for at in range(number, ATTEMPTS, AT_ONCE):
            sold += _claim(lambda statement, values: conn.execute(_NAMED.sub(r"%(\1)s", statement), values), at)
            conn.commit()
        return sold

    def close(self) -> None:
        self._pool.shutdown()
        for conn in self._conns:
            conn.close()


_NAMED = re.compile(r":(\w+)")
