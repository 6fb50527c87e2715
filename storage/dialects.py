"""The few places where SQLite and PostgreSQL differ."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Table,
    any_,
    bindparam,
    cast,
    column,
    create_engine,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool
from sqlalchemy.types import ARRAY, BigInteger, String, Text, TypeEngine

BUSY_TIMEOUT = 5.0  # seconds a SQLite connection waits for the write lock
RESTED = 1.0  # seconds in the pool, after which a PostgreSQL connection is tried before it is used
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


def rows_of(dialect: str, **columns: TypeEngine[Any]) -> Any:
    """A set of rows to join with, given as one JSON text, the parameter ``rows``: a list of objects.

    A hundred rows are one statement then, which costs a third of a hundred statements on either database.
    """
    if dialect == "sqlite":
        each = func.json_each(bindparam("rows", type_=Text)).table_valued("value")
        return select(*(func.json_extract(each.c.value, f"$.{name}").label(name) for name in columns)).subquery("given")
    # PostgreSQL reads the fields by their types.
    typed = [column(name, kind) for name, kind in columns.items()]
    given = func.json_to_recordset(cast(bindparam("rows", type_=Text), _postgres_json()))
    return given.table_valued(*typed).render_derived(name="given", with_types=True)


def is_one_of(dialect: str, number: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a number is among those of the parameter ``ids``: the same statement for any count of them."""
    given = bindparam("ids", type_=Text)
    if dialect == "sqlite":
        return number.in_(select(func.json_each("[" + given + "]").table_valued("value").c.value))
    # An array, not rows: of these PostgreSQL would rather read the whole table.
    return number == any_(cast(func.string_to_array(given, ","), ARRAY(BigInteger)))


def is_listed(dialect: str, words: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a text is among those of the parameter ``listed``: the same statement for any count of them."""
    if dialect == "sqlite":
        return words.in_(select(func.json_each(bindparam("listed", type_=Text)).table_valued("value").c.value))
    # An array here too: without statistics each row would be compared with each of a set of rows.
    return words == any_(bindparam("listed", type_=ARRAY(String)))


def as_listed(dialect: str, words: Iterable[str]) -> str | list[str]:
    """What the parameter ``listed`` takes."""
    return as_json(list(words)) if dialect == "sqlite" else list(words)


def as_ids(numbers: Iterable[int]) -> str:
    """What the parameter ``ids`` takes."""
    return ",".join(map(str, numbers))


def as_json(rows: object) -> str:
    """What the parameter ``rows`` takes."""
    return msgspec.json.encode(rows).decode()


def _postgres_json() -> Any:
    from sqlalchemy.dialects.postgresql import JSON

    return JSON


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
    return _postgres_engine(parsed, _options(parsed), pool_size)


def limited(engine: Engine, *, lock: float, statement: float, pool_size: int) -> Engine:
    """An engine to the same PostgreSQL that waits no longer than this for a lock or a statement, in seconds.

    The limits are the connections' own, for setting them in each transaction would be one more question to the server.
    """
    limits = f"-c lock_timeout={int(lock * 1000)} -c statement_timeout={int(statement * 1000)}"
    return _postgres_engine(engine.url, f"{_options(engine.url)} {limits}", pool_size)


def _options(url: URL) -> str:
    own = url.query.get("options", FROZEN_OPTION)
    return own if isinstance(own, str) else " ".join(own)


def _postgres_engine(url: URL, options: str, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=2,
        json_deserializer=msgspec.json.decode,
        connect_args={"options": options},
        execution_options={"preserve_rowcount": True},
    )
    event.listen(engine, "checkin", _rest)
    event.listen(engine, "checkout", partial(_try, engine.dialect))
    return engine


def _rest(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["rests_since"] = time.monotonic()


def _try(dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _borrowed: object) -> None:
    """A connection that rested may have been cut meanwhile; one that was in use a moment ago is not asked."""
    now = time.monotonic()
    if now - record.info.get("rests_since", now) < RESTED:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as cut:
        raise DisconnectionError from cut


def _sqlite_engine(url: URL) -> Engine:
    arguments: dict[str, Any] = {"timeout": BUSY_TIMEOUT, "check_same_thread": False}
    in_memory = url.database in {None, "", ":memory:"}
    # One connection is the whole database when it lives in memory.
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {"pool_size": 6, "max_overflow": 4}
    engine = create_engine(url, connect_args=arguments, json_deserializer=msgspec.json.decode, **options)
    event.listen(engine, "connect", _prepare)
    # Not by an event: with one, every statement of the engine goes through the machinery of events.
    engine.dialect.do_begin = _begin  # type: ignore[method-assign]
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


def _begin(dbapi_connection: Any) -> None:
    # A deferred transaction that upgrades to a write fails "locked"; a writer says so from the start.
    if not dbapi_connection.in_transaction:
        dbapi_connection.execute("BEGIN IMMEDIATE")


def begin_to_read(conn: Connection) -> None:
    """On SQLite: begin a transaction that takes no write lock. What is executed on the connection then belongs to it."""
    driver: Any = conn.connection.driver_connection
    driver.execute("BEGIN")
