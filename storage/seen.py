"""People as others see them, joined to rows that name them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Row, Select, func

from bot.domain.office_hours import Person
from storage.people import account, member, workspace


class Seen:
    """A person joined to a row: name, region, and the zone in force (member, else workspace, else UTC)."""

    def __init__(self, role: str) -> None:
        self.member = member.alias(role)
        self._account = account.alias(f"{role}_account")
        self._workspace = workspace.alias(f"{role}_workspace")
        self._role = role
        zone = func.coalesce(self.member.c.zone, self._workspace.c.zone, "UTC")
        self.columns = (
            self.member.c.id.label(f"{role}_id"),
            self.member.c.name.label(f"{role}_name"),
            zone.label(f"{role}_zone"),
            self.member.c.region.label(f"{role}_region"),
        )

    def joined(self, query: Select[Any], tenant: Column[str], id: Column[str]) -> Select[Any]:
        preferred = (self._account.c.tenant == self.member.c.tenant) & (self._account.c.id == self.member.c.account)
        return (
            query.join(self.member, (self.member.c.tenant == tenant) & (self.member.c.id == id))
            .outerjoin(self._account, preferred)
            .outerjoin(self._workspace, self._workspace.c.id == self._account.c.workspace)
        )

    def read(self, row: Row[Any]) -> Person:
        return Person(*(row._mapping[f"{self._role}_{name}"] for name in ("id", "name", "zone", "region")))
