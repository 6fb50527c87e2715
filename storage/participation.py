"""One wide row a member and local day."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Column, Connection, Integer, PrimaryKeyConstraint, Table

from bot.ports.participation import Counter
from storage.dialects import insert
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


class Participation:
    """Implements ``bot.ports.participation.Participation``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def add(self, member: str, day: date, counter: Counter, count: int = 1) -> None:
        row = {"tenant": self._tenant, "member": member, "day": day, counter: count}
        statement = insert(self._conn, participation).values(row)
        column = participation.c[counter]
        self._conn.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant", "member", "day"], set_={counter: column + statement.excluded[counter]}
            )
        )
