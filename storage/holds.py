"""Whether anything is sent at all. A backup carries a hold, so what is restored from it sends nothing by itself."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, Table, delete, exists, select

from storage.dialects import insert
from storage.schema import Instant, ident, metadata, words

EVERYTHING = "everything"

send_hold = Table(
    "send_hold",
    metadata,
    ident("what", primary_key=True),  # EVERYTHING
    words("reason"),
    Column("since", Instant, nullable=False),
)


class Hold(msgspec.Struct, frozen=True):
    """Why nothing is sent, and since when."""

    reason: str
    since: datetime


def free() -> ColumnElement[bool]:
    """The condition under which a message may be claimed."""
    return ~exists(select(send_hold.c.what))


def hold(conn: Connection, reason: str, now: datetime) -> bool:
    """Send nothing from the next claim on. False when that was so already."""
    row = {"what": EVERYTHING, "reason": reason, "since": now}
    return conn.execute(insert(conn, send_hold).values(row).on_conflict_do_nothing()).rowcount == 1


def held(conn: Connection) -> Hold | None:
    row = conn.execute(select(send_hold.c.reason, send_hold.c.since)).first()
    return None if row is None else Hold(row.reason, row.since)


def lift(conn: Connection) -> bool:
    return conn.execute(delete(send_hold)).rowcount > 0
