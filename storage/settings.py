"""Tenants: a company, what it has set for itself, and its secret."""

from __future__ import annotations

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


class Settings:
    """The part of ``bot.ports.people.People`` that is about the company itself."""

    _conn: Connection
    _tenant: str

    def settings(self) -> TenantSettings:
        stored = self._conn.execute(_SETTINGS, {"of_tenant": self._tenant}).scalar_one()
        return msgspec.convert(stored, TenantSettings)

    def save_settings(self, settings: TenantSettings) -> None:
        values = msgspec.to_builtins(settings)
        self._conn.execute(update(tenant).where(tenant.c.id == self._tenant).values(settings=values))

    def secret(self) -> str:
        """The tenant's key for hashes of member ids."""
        return str(self._conn.execute(select(tenant.c.secret).where(tenant.c.id == self._tenant)).scalar_one())
