"""Planning the dailies of many members: the set-based plan beside the same rows by one raw INSERT ... SELECT.

And the memory it takes: the peak of a fresh process that plans one day, for a thousand members and a hundred thousand.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, text

from bench.figures import heading, postgres, row, timed
from bot.ports.people import Member
from storage.dialects import open_engine
from storage.ledger import delivery
from storage.lessons import learner
from storage.parts import Parts
from storage.people import account, member
from storage.rhythms import rhythm
from storage.tenancy import Workspace, add_tenant, add_workspace
from storage.upgrade import upgrade

NOW = datetime(2026, 11, 19, 0, 0, tzinfo=UTC)  # a Thursday: whose day has passed by then gets the next one
TICK = datetime(2026, 11, 19, 9, 15, tzinfo=UTC)  # 09:15 in London
ZONES = [
    "Europe/Berlin",
    "Europe/London",
    "Europe/Paris",
    "Europe/Madrid",
    "Europe/Warsaw",
    "Europe/Athens",
    "Africa/Lagos",
    "Africa/Cairo",
    "Africa/Nairobi",
    "Africa/Johannesburg",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Dubai",
    "Asia/Tokyo",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Manila",
    "Asia/Jakarta",
    "Asia/Karachi",
    "Asia/Dhaka",
    "Asia/Tehran",
    "Asia/Jerusalem",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Australia/Perth",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "America/Bogota",
    "America/Lima",
    "America/Mexico_City",
    "America/Toronto",
    "America/Halifax",
    "America/Santiago",
    "Atlantic/Reykjavik",
]


FEW, MANY = 1_000, 100_000


def run() -> None:
    heading("planning one day of lessons, SQLite, 40 zones, CPU (floor: the same rows by one raw INSERT ... SELECT)")
    peaks = {}
    for members in (FEW, 10_000, MANY):
        with tempfile.TemporaryDirectory() as folder:
            _measure(open_engine(f"sqlite:///{Path(folder) / 'bench.db'}"), members, time.process_time)
            peaks[members] = _peak_of(folder)
    for members, peak in peaks.items():
        print(f"  peak memory of a process that plans {members:>7,} members {peak:9.1f} MB")
    print(f"  a hundred times the members take {peaks[MANY] - peaks[FEW]:+.1f} MB (target: at most 20)")
    with postgres() as server:
        if server is not None:
            heading("the same on PostgreSQL, by the wall")
            _measure(open_engine(server[0]), MANY, time.perf_counter)


def _peak_of(folder: str) -> float:
    """MB of a fresh process that plans the day of this database: filling it has cost memory that planning does not."""
    command = [sys.executable, "-m", "bench.planning", str(Path(folder) / "bench.db")]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(told)


def plan_once(database: str) -> None:
    """What that process does: plan, and tell its peak in MB."""
    engine = open_engine(f"sqlite:///{database}")
    with engine.begin() as conn:
        Parts(conn, "t").lessons.plan(NOW, NOW + timedelta(days=1))
    engine.dispose()
    print(_peak())


def _peak() -> float:
    """MB at most since this program began. Where Linux tells, not what it has inherited from whoever started it."""
    status = Path("/proc/self/status")
    if status.exists():
        told = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(told.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB, on macOS bytes
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _measure(engine: Engine, members: int, clock: Callable[[], float]) -> None:
    upgrade(engine)
    with engine.begin() as conn:
        _fill(conn, members)
    with engine.begin() as conn:
        conn.execute(text("ANALYZE"))  # on PostgreSQL the worker does it, a moment after they came

    def plan() -> int:
        with engine.begin() as conn:
            return Parts(conn, "t").lessons.plan(NOW, NOW + timedelta(days=1))

    def one_slot() -> None:
        with engine.begin() as conn:
            Parts(conn, "t").lessons.plan(TICK - timedelta(minutes=10), TICK)

    def idle() -> None:
        with engine.begin() as conn:
            Parts(conn, "t").lessons.plan(NOW + timedelta(days=1), NOW + timedelta(days=1))

    if (planned := plan()) != members:  # fills the slots too, as the first tick of a day does
        raise RuntimeError(f"{planned} rows of {members}")
    floor_seconds, plan_seconds = [], []
    for _ in range(5):
        _clear(engine)
        floor_seconds += timed(lambda: _raw(engine), 1, clock)
        _clear(engine)
        plan_seconds += timed(plan, 1, clock)
    floor = row(f"raw insert, {members:,} members", floor_seconds, per=members)
    row(f"plan, {members:,} members", plan_seconds, per=members, floor=floor)
    _clear(engine)
    row(f"a tick in which {members // 40:,} are due", timed(one_slot, 1, clock), per=members // 40)
    row(f"empty tick, {members:,} members", timed(idle, 20))
    _clear(engine)
    engine.dispose()


def _clear(engine: Engine) -> None:
    with engine.begin() as conn:
        conn.execute(delete(delivery))
    if (
        engine.dialect.name != "sqlite"
    ):  # as autovacuum does, or every round would go over the dead rows of those before
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("VACUUM delivery"))


def _raw(engine: Engine) -> None:
    with engine.begin() as conn:
        conn.execute(text(_RAW if engine.dialect.name == "sqlite" else _RAW_POSTGRES))


# The joins in the order they are written, which is the best there is for a whole day.
_RAW = """
INSERT INTO delivery (tenant, workspace, account, member, kind, subject, period, state, due_at, expires_at, payload)
SELECT l.tenant, a.workspace, a.id, l.member, 'daily', l.member, s.day, 'ready', s.due_at, s.expires_at, '{}'
FROM learner l
CROSS JOIN due_slot s ON s.zone = l.zone AND s.minute = l.minute AND s.day = '2026-11-19'
CROSS JOIN account a ON +a.tenant = l.tenant AND a.member = l.member
WHERE l.tenant = 't' ORDER BY l.member ON CONFLICT DO NOTHING
"""
_RAW_POSTGRES = """
INSERT INTO delivery (tenant, workspace, account, member, kind, subject, period, state, due_at, expires_at, payload)
SELECT l.tenant, a.workspace, a.id, l.member, 'daily', l.member, s.day, 'ready', s.due_at, s.expires_at, CAST('{}' AS JSON)
FROM learner l
JOIN due_slot s ON s.zone = l.zone AND s.minute = l.minute AND s.day = '2026-11-19'
JOIN account a ON a.tenant = l.tenant AND a.member = l.member
WHERE l.tenant = 't' ORDER BY l.member ON CONFLICT DO NOTHING
"""


def _fill(conn: Connection, count: int) -> None:
    add_tenant(conn, "t", "Bench", "secret", NOW)
    add_workspace(conn, Workspace(id="w", tenant="t", platform="local", team="bench", name="Bench"))
    people = Parts(conn, "t").people
    people.add_member(Member(id="first", name="First"), NOW)  # one by the ordinary way, the rest in bulk
    ids = [f"m{at}" for at in range(count)]
    base = {"tenant": "t", "name": "x", "locale": "en", "active": True, "flags": {}, "created_at": NOW}
    conn.execute(member.insert(), [{**base, "id": id, "account": f"a-{id}"} for id in ids])
    rows = [
        {"tenant": "t", "id": f"a-{id}", "workspace": "w", "member": id, "external": id, "address": id} for id in ids
    ]
    conn.execute(account.insert(), rows)
    times = [{"zone": ZONES[at % 40], "minute": 540 + 15 * (at % 4)} for at in range(count)]
    conn.execute(
        learner.insert(),
        [{"tenant": "t", "member": id, "roles": [], "days": 31, **when} for id, when in zip(ids, times, strict=True)],
    )
    chosen = {(when["zone"], when["minute"]) for when in times}
    conn.execute(rhythm.insert(), [{"tenant": "t", "zone": zone, "minute": minute} for zone, minute in sorted(chosen)])


if __name__ == "__main__":
    plan_once(sys.argv[1])
