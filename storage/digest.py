"""Published figures and the frozen sets of people they are about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, PrimaryKeyConstraint, Table, delete, func, select

from bot.domain.digests import Activity, Figures
from bot.domain.privacy import sealed
from bot.ports.digest import Edition
from storage.askings import answer, asking
from storage.dialects import insert
from storage.participation import participation
from storage.people import People, member
from storage.schema import Instant, Json, ident, metadata

digest_set = Table(
    "digest_set",
    metadata,
    ident("tenant"),
    ident("team"),
    ident("reader"),  # a new manager was one of the people before: what is about them is not for them
    ident("hash"),  # keyed: the set says nothing to whoever reads the table
    PrimaryKeyConstraint("tenant", "team", "reader", "hash"),
)

digest_edition = Table(
    "digest_edition",
    metadata,
    ident("tenant"),
    ident("team"),
    ident("reader"),
    ident("week"),
    Column("figures", Json, nullable=False),
    Column("published_at", Instant, nullable=False),
    PrimaryKeyConstraint("tenant", "team", "reader", "week"),
)


class Digests:
    """Implements ``bot.ports.digest.Digests``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def published_set(self, team: str, reader: str) -> frozenset[str]:
        return frozenset(self._conn.execute(select(digest_set.c.hash).where(self._set_of(team, reader))).scalars())

    def publish_set(self, team: str, reader: str, hashes: frozenset[str]) -> None:
        self._conn.execute(delete(digest_set).where(self._set_of(team, reader)))
        if hashes:
            whose = {"tenant": self._tenant, "team": team, "reader": reader}
            self._conn.execute(digest_set.insert(), [{**whose, "hash": one} for one in sorted(hashes)])

    def _set_of(self, team: str, reader: str) -> ColumnElement[bool]:
        return (digest_set.c.tenant == self._tenant) & (digest_set.c.team == team) & (digest_set.c.reader == reader)

    def seal(self, members: Collection[str]) -> frozenset[str]:
        secret = People(self._conn, self._tenant).secret()
        return frozenset(sealed(secret, one) for one in members)

    def unseal(self, hashes: frozenset[str]) -> list[str]:
        secret = People(self._conn, self._tenant).secret()
        everybody = self._conn.execute(select(member.c.id).where(member.c.tenant == self._tenant)).scalars()
        return sorted(one for one in everybody if sealed(secret, one) in hashes)

    def activity(self, members: Collection[str], first: date, last: date) -> Mapping[str, Activity]:
        names = Activity.__struct_fields__
        sums = [func.sum(participation.c[name]).label(name) for name in names]
        rows = self._conn.execute(
            select(participation.c.member, *sums)
            .where(
                participation.c.tenant == self._tenant,
                participation.c.member.in_(members),
                participation.c.day.between(first, last),
            )
            .group_by(participation.c.member)
        )
        return {row.member: Activity(**{name: int(getattr(row, name)) for name in names}) for row in rows}

    def answers(self, members: Collection[str], start: datetime, end: datetime) -> Sequence[tuple[str, str, bool]]:
        rows = self._conn.execute(
            select(answer.c.member, asking.c.question, answer.c.correct)
            .join(asking, (asking.c.tenant == answer.c.tenant) & (asking.c.id == answer.c.asking))
            .where(
                answer.c.tenant == self._tenant, answer.c.member.in_(members), answer.c.at >= start, answer.c.at < end
            )
        )
        return [(row.member, row.question, row.correct) for row in rows]

    def publish(self, edition: Edition, now: datetime) -> bool:
        row = {
            "tenant": self._tenant,
            "team": edition.team,
            "reader": edition.reader,
            "week": edition.week,
            "figures": msgspec.to_builtins(edition.figures),
            "published_at": now,
        }
        return self._conn.execute(insert(self._conn, digest_edition).values(row).on_conflict_do_nothing()).rowcount == 1

    def editions(self, team: str, reader: str, limit: int) -> list[Edition]:
        mine = (digest_edition.c.tenant == self._tenant) & (digest_edition.c.team == team)
        latest = (
            select(digest_edition)
            .where(mine, digest_edition.c.reader == reader)
            .order_by(digest_edition.c.week.desc())
            .limit(limit)
        )
        return [
            Edition(row.team, row.reader, row.week, msgspec.convert(row.figures, Figures))
            for row in self._conn.execute(latest)
        ]
