"""Rows of digest."""

from __future__ import annotations

from sqlalchemy import Connection


class Digests:
    """Implements ``bot.ports.digest.Digests``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant
