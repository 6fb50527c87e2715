"""Where people are spoken to together, and when nobody works: channels and days off."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, PrimaryKeyConstraint, Table, UniqueConstraint, bindparam, or_, select

from bot.ports.people import Channel
from storage.dialects import insert
from storage.schema import Day, ident, metadata, words

channel = Table(
    "channel",
    metadata,
    ident("tenant"),
    ident("id"),
    ident("workspace"),
    ident("address"),
    words("name"),
    ident("zone"),
    PrimaryKeyConstraint("tenant", "id"),
    UniqueConstraint("workspace", "address"),
)

day_off = Table(
    "day_off",
    metadata,
    ident("tenant"),
    ident("region"),  # '' for everybody
    Column("day", Day, nullable=False),
    words("name"),
    PrimaryKeyConstraint("tenant", "region", "day"),
)

_DAYS_OFF = select(day_off.c.day).where(
    day_off.c.tenant == bindparam("of_tenant"),
    or_(day_off.c.region == "", day_off.c.region == bindparam("region")),
    day_off.c.day.between(bindparam("first"), bindparam("last")),
)


class Places:
    """The part of ``bot.ports.people.People`` that is about channels and days off."""

    _conn: Connection
    _tenant: str

    def channel(self, id: str) -> Channel | None:
        return self._channel(channel.c.id == id)

    def channel_at(self, workspace_id: str, address: str) -> Channel | None:
        return self._channel((channel.c.workspace == workspace_id) & (channel.c.address == address))

    def _channel(self, condition: Any) -> Channel | None:
        row = self._conn.execute(select(channel).where(channel.c.tenant == self._tenant, condition)).one_or_none()
        if row is None:
            return None
        return Channel(id=row.id, workspace=row.workspace, address=row.address, name=row.name, zone=row.zone)

    def add_channel(self, new: Channel) -> None:
        row = {"tenant": self._tenant, **msgspec.structs.asdict(new)}
        self._conn.execute(insert(self._conn, channel).values(row).on_conflict_do_nothing())

    def days_off(self, region: str | None, first: date, last: date) -> frozenset[date]:
        about = {"of_tenant": self._tenant, "region": region or "", "first": first, "last": last}
        days = self._conn.execute(_DAYS_OFF, about)
        return frozenset(days.scalars())

    def add_day_off(self, day: date, region: str | None = None, name: str = "") -> None:
        row = {"tenant": self._tenant, "region": region or "", "day": day, "name": name}
        self._conn.execute(insert(self._conn, day_off).values(row).on_conflict_do_nothing())
