"""Rows of office_hours."""

from __future__ import annotations

from sqlalchemy import Connection


class OfficeHours:
    """Implements ``bot.ports.office_hours.OfficeHours``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant
