"""Who owns something of which there may be one in all processes: a lease by the database's clock."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Double, Table, delete

from storage.dialects import insert, machine_now
from storage.schema import ident, metadata

lock = Table(
    "lock",
    metadata,
    ident("name", primary_key=True),
    ident("owner"),
    Column("until", Double, nullable=False),  # by machine time
)


def take(conn: Connection, name: str, owner: str, seconds: float) -> bool:
    """Take or renew a lock. The row count decides: one statement takes it when it is free, lapsed or ours already."""
    now = machine_now(conn)
    row = {"owner": owner, "until": now + seconds}
    statement = insert(conn, lock).values(name=name, **row)
    free = (lock.c.owner == owner) | (lock.c.until <= now)
    taken = statement.on_conflict_do_update(index_elements=["name"], set_=row, where=free)
    return conn.execute(taken).rowcount == 1


def release(conn: Connection, name: str, owner: str) -> None:
    conn.execute(delete(lock).where(lock.c.name == name, lock.c.owner == owner))
