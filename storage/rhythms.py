"""The rhythms somebody chose, a zone and a minute of the day, and the instants at which they are due."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, PrimaryKeyConstraint, Table, bindparam, exists, select

from bot.domain.calendar import DAY, dates, expiry_minute, instant
from storage.dialects import insert_for
from storage.schema import Day, Instant, ident, metadata

HORIZON = timedelta(days=4)  # how far ahead instants are computed: over a long weekend
LONG_WINDOW = timedelta(hours=12)  # up to here the day before ``end`` is the first one a window can speak of

Slot = dict[str, Any]  # a row of ``due_slot``

# Every zone and minute that somebody ever chose: a few hundred rows where there may be a hundred thousand learners.
rhythm = Table(
    "rhythm",
    metadata,
    ident("tenant"),
    ident("zone"),
    Column("minute", Integer, nullable=False),
    PrimaryKeyConstraint("tenant", "zone", "minute"),
)

due_slot = Table(
    "due_slot",
    metadata,
    ident("zone"),
    Column("minute", Integer, nullable=False),
    Column("day", Day, nullable=False),
    Column("weekday_bit", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    PrimaryKeyConstraint("zone", "minute", "day"),
    Index(None, "due_at"),
    sqlite_with_rowid=False,  # nearly always found by its key: one tree to search, not two
)

# The rhythm is asked of each slot that is due, mostly of none; the other way round every tick would go through them all.
_DUE = (
    select(due_slot)
    .where(
        due_slot.c.due_at > bindparam("after"),
        due_slot.c.due_at <= bindparam("until"),
        exists().where(
            rhythm.c.tenant == bindparam("of_tenant"),
            rhythm.c.zone == due_slot.c.zone,
            rhythm.c.minute == due_slot.c.minute,
        ),
    )
    .order_by(due_slot.c.due_at, due_slot.c.zone, due_slot.c.minute)
)
_RHYTHMS = select(rhythm.c.zone, rhythm.c.minute).where(rhythm.c.tenant == bindparam("of_tenant"))
_UNFILLED = _RHYTHMS.where(
    ~exists().where(
        due_slot.c.zone == rhythm.c.zone, due_slot.c.minute == rhythm.c.minute, due_slot.c.day == bindparam("last")
    )
)


@lru_cache
def _new(dialect: str, table: Table) -> Any:
    return insert_for(dialect, table).on_conflict_do_nothing()


class Rhythms:
    """The rhythms of one tenant."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def keep(self, zone: str, minute: int) -> None:
        row = {"tenant": self._tenant, "zone": zone, "minute": minute}
        self._conn.execute(_new(self._conn.dialect.name, rhythm), row)

    def fill(self, start: datetime, end: datetime) -> None:
        """Compute the instants of every rhythm in use, from the day before ``start`` to the horizon after ``end``."""
        last = end.date() + HORIZON
        # Whoever wrote the last day may have begun after ``start``: after a stop, days between can be missing.
        rhythms = _RHYTHMS if end - start > LONG_WINDOW else _UNFILLED
        rows = [
            slot(zone, minute, day)
            for zone, minute in self._conn.execute(rhythms, {"of_tenant": self._tenant, "last": last}).all()
            for day in dates(start.date() - DAY, last)
        ]
        if rows:
            self._conn.execute(_new(self._conn.dialect.name, due_slot), rows)

    def due(self, start: datetime, end: datetime) -> list[Slot]:
        """The slots after ``start`` up to ``end`` that are somebody's rhythm here, or once were, in their order."""
        about = {"of_tenant": self._tenant, "after": start, "until": end}
        return [dict(row) for row in self._conn.execute(_DUE, about).mappings()]


def slot(zone: str, minute: int, day: date) -> Slot:
    """A rhythm on one local date."""
    return {
        "zone": zone,
        "minute": minute,
        "day": day,
        "weekday_bit": 1 << day.weekday(),
        "due_at": instant(zone, day, minute),
        "expires_at": instant(zone, day, expiry_minute(minute)),
    }
