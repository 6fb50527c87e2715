"""Who owns something of which there may be one in all processes: a lease by the database's clock."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Double, Table, bindparam, delete

from storage.dialects import insert_for, machine_now
from storage.schema import ident, metadata

lock = Table(
    "lock",
    metadata,
    ident("name", primary_key=True),
    ident("owner"),
    Column("until", Double, nullable=False),  # by machine time
)


@lru_cache
def _take(dialect: str) -> Any:
    free = (lock.c.owner == bindparam("by")) | (lock.c.until <= bindparam("now"))
    new = insert_for(dialect, lock).values(name=bindparam("what"), owner=bindparam("by"), until=bindparam("later"))
    mine = {"owner": new.excluded.owner, "until": new.excluded.until}
    return new.on_conflict_do_update(index_elements=["name"], set_=mine, where=free)


_RELEASE = delete(lock).where(lock.c.name == bindparam("what"), lock.c.owner == bindparam("by"))


def take(conn: Connection, name: str, owner: str, seconds: float, now: float | None = None) -> bool:
    """Take or renew a lock. The row count decides: one statement takes it when it is free, lapsed or ours already.

    ``now`` is the database's clock, for whoever has asked it already.
    """
    begins = machine_now(conn) if now is None else now
    about = {"what": name, "by": owner, "now": begins, "later": begins + seconds}
    return conn.execute(_take(conn.dialect.name), about).rowcount == 1


def release(conn: Connection, name: str, owner: str) -> None:
    conn.execute(_RELEASE, {"what": name, "by": owner})
