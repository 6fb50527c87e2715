"""One wide row a member and local day."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Integer, PrimaryKeyConstraint, Table, bindparam

from bot.ports.participation import Counter
from storage.dialects import insert_for
from storage.schema import Day, ident, metadata

COUNTERS: tuple[Counter, ...] = (
    "lessons_sent",
    "lessons",
    "answers",
    "reviews",
    "quiz_answers",
    "bookings",
    "look_ups",
    "drills",
)

participation = Table(
    "participation",
    metadata,
    ident("tenant"),
    ident("member"),
    Column("day", Day, nullable=False),
    *(Column(name, Integer, nullable=False, server_default="0") for name in COUNTERS),
    PrimaryKeyConstraint("tenant", "member", "day"),
)


@lru_cache
def _add(dialect: str, counter: Counter) -> Any:
    row = [participation.c.tenant, participation.c.member, participation.c.day, participation.c[counter]]
    new = insert_for(dialect, participation).values({column: bindparam(column.name) for column in row})
    more = {counter: participation.c[counter] + new.excluded[counter]}
    return new.on_conflict_do_update(index_elements=["tenant", "member", "day"], set_=more)


class Participation:
    """Implements ``bot.ports.participation.Participation``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def add(self, member: str, day: date, counter: Counter, count: int = 1) -> None:
        row = {"tenant": self._tenant, "member": member, "day": day, counter: count}
        self._conn.execute(_add(self._conn.dialect.name, counter), row)
