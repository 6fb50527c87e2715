"""Tenants: a company, what it has set for itself, and its secret."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Table, bindparam, select, update

from bot.domain.settings import TenantSettings
from storage.schema import Instant, Json, ident, metadata, words

tenant = Table(
    "tenant",
    metadata,
    ident("id", primary_key=True),
    words("name"),
    Column("settings", Json, nullable=False),
    words("secret"),  # keys the hashes of published member sets
    Column("created_at", Instant, nullable=False),
)


_SETTINGS = select(tenant.c.settings).where(tenant.c.id == bindparam("of_tenant"))
_HELD = _SETTINGS.with_for_update()
_CHANGE = update(tenant).where(tenant.c.id == bindparam("of_tenant")).values(settings=bindparam("to", type_=Json))


class Settings:
    """The part of ``bot.ports.people.People`` that is about the company itself."""

    _conn: Connection
    _tenant: str

    def settings(self) -> TenantSettings:
        stored = self._conn.execute(_SETTINGS, {"of_tenant": self._tenant}).scalar_one()
        return msgspec.convert(stored, TenantSettings)

    def change_settings(self, **changed: Any) -> None:
        # Locked until the commit (SQLite has one writer anyway): two settings changed at once must not undo each other.
        stored = self._conn.execute(_HELD, {"of_tenant": self._tenant}).scalar_one()
        values = msgspec.to_builtins(msgspec.structs.replace(msgspec.convert(stored, TenantSettings), **changed))
        self._conn.execute(_CHANGE, {"of_tenant": self._tenant, "to": {**stored, **values}})

    def secret(self) -> str:
        """The tenant's key for hashes of member ids."""
        return str(self._conn.execute(select(tenant.c.secret).where(tenant.c.id == self._tenant)).scalar_one())
