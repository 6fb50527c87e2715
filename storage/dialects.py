"""The few places where SQLite and PostgreSQL differ."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import StaticPool

BUSY_TIMEOUT = 5.0  # seconds a SQLite connection waits for the write lock
# A process that froze in a transaction would keep its locks for ever; PostgreSQL ends it within a lease.
FROZEN_OPTION = "-c idle_in_transaction_session_timeout=20s"


def is_sqlite(conn: Connection) -> bool:
    return conn.dialect.name == "sqlite"


def insert(conn: Connection, table: Table) -> sqlite.Insert | Any:
    """An INSERT that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``.

    Both dialects offer the same methods; the types differ, so one of them stands for both.
    """
    return insert_for(conn.dialect.name, table)


def insert_for(dialect: str, table: Table) -> sqlite.Insert | Any:
    """The same by the dialect's name, for a statement that is made once."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    # Imported where it is used: it costs a tenth of a second that the playground need not pay.
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def hold_schema(conn: Connection) -> None:
    """Let one process at a time change the schema: replicas that start together wait here for each other's commit."""
    if not is_sqlite(conn):  # there every writer has begun IMMEDIATE
        conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('mlops-coach schema'))"))


def try_alone(conn: Connection, what: str) -> bool:
    """Be the only transaction at some work, without waiting; until its end. On SQLite every writer is."""
    if is_sqlite(conn):
        return True
    taken = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:what, 0))")
    return bool(conn.execute(taken, {"what": f"mlops-coach {what}"}).scalar_one())


def machine_now(conn: Connection) -> float:
    """Seconds since 1970 by the database's clock: leases and retries compare with this between processes."""
    if is_sqlite(conn):
        return float(conn.execute(_SQLITE_NOW).scalar_one())
    return float(conn.execute(_POSTGRES_NOW).scalar_one())


# SQLite below 3.42 has no unixepoch('subsec').
_SQLITE_NOW = text("SELECT (julianday('now') - 2440587.5) * 86400.0")
_POSTGRES_NOW = text("SELECT extract(epoch FROM clock_timestamp())")


def open_engine(url: str | URL, *, pool_size: int = 6) -> Engine:
    """An engine with our transaction rules: explicit BEGIN on SQLite (IMMEDIATE for writers), WAL and FULL."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed)
    own = {} if "options" in parsed.query else {"options": FROZEN_OPTION}
    return create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=2,
        pool_pre_ping=True,
        connect_args=own,
        execution_options={"preserve_rowcount": True},
    )


def _sqlite_engine(url: URL) -> Engine:
    arguments: dict[str, Any] = {"timeout": BUSY_TIMEOUT, "check_same_thread": False}
    in_memory = url.database in {None, "", ":memory:"}
    # One connection is the whole database when it lives in memory.
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {"pool_size": 6, "max_overflow": 4}
    engine = create_engine(url, connect_args=arguments, **options)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # Without this the driver begins transactions by itself, and savepoints leak.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(
        "PRAGMA cache_size=-16000"
    )  # 16 MB: planning 100,000 lessons fills it, and is no faster with more


def _begin(conn: Connection) -> None:
    # A deferred transaction that upgrades to a write fails "locked"; a writer says so from the start.
    reads = conn.get_execution_options().get("reads_only", False)
    conn.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
