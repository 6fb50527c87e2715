"""Booking under contention: many at once on few slots; what must not be sold twice is counted."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from bench.figures import heading, postgres
from bot.domain.office_hours import Outcome, Person, Window, slots, weekly
from bot.ports.people import Member
from storage.dialects import open_engine
from storage.office_hours import booking
from storage.parts import Parts
from storage.people import member
from storage.store import Store
from storage.tenancy import Workspace, add_tenant, add_workspace
from storage.upgrade import upgrade

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MEMBERS = 1_001


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        heading("booking, SQLite")
        _book(f"sqlite:///{Path(folder) / 'bench.db'}")
    with postgres() as server:
        if server:
            heading("booking, PostgreSQL")
            _book(server[0])


def _found(url: str) -> None:
    engine = open_engine(url)
    upgrade(engine)
    with engine.begin() as conn:
        add_tenant(conn, "t", "Bench", "secret", NOW)
        add_workspace(conn, Workspace(id="w", tenant="t", platform="none", team="bench", name="Bench"))
        base = {"tenant": "t", "name": "x", "locale": "en", "active": True, "flags": {}, "created_at": NOW}
        conn.execute(member.insert(), [{**base, "id": f"m{at}", "account": f"a{at}"} for at in range(MEMBERS)])
    engine.dispose()


def _book(url: str) -> None:
    """A thousand attempts of sixteen threads on ten slots."""
    _found(url)
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
