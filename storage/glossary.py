"""Look-up counts without names, what people could not find, and their suggestions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Column, Connection, Integer, PrimaryKeyConstraint, Table, func, select

from bot.ports.glossary import Miss
from storage.dialects import insert
from storage.schema import Instant, ident, metadata, words

term_use = Table(
    "term_use",
    metadata,
    ident("tenant"),
    ident("term"),
    Column("uses", Integer, nullable=False),
    PrimaryKeyConstraint("tenant", "term"),
)

term_miss = Table(
    "term_miss",
    metadata,
    ident("tenant"),
    ident("words"),
    Column("asked", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
    PrimaryKeyConstraint("tenant", "words"),
)

term_suggestion = Table(
    "term_suggestion",
    metadata,
    ident("tenant"),
    ident("id"),
    words("term"),
    words("meaning"),
    ident("member"),
    ident("state"),  # open | approved | refused
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("tenant", "id"),
)


class Glossary:
    """Implements ``bot.ports.glossary.Glossary``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def add_uses(self, uses: Mapping[str, int]) -> None:
        for term, count in uses.items():
            statement = insert(self._conn, term_use).values(tenant=self._tenant, term=term, uses=count)
            added = {"uses": term_use.c.uses + statement.excluded.uses}
            self._conn.execute(statement.on_conflict_do_update(index_elements=["tenant", "term"], set_=added))

    def add_misses(self, misses: Mapping[str, int], now: datetime) -> None:
        for missed, count in misses.items():
            row = {"tenant": self._tenant, "words": missed[:200], "asked": count, "last_at": now}
            statement = insert(self._conn, term_miss).values(row)
            added = {"asked": term_miss.c.asked + statement.excluded.asked, "last_at": statement.excluded.last_at}
            self._conn.execute(statement.on_conflict_do_update(index_elements=["tenant", "words"], set_=added))

    def uses(self) -> Mapping[str, int]:
        rows = self._conn.execute(select(term_use.c.term, term_use.c.uses).where(term_use.c.tenant == self._tenant))
        return {row.term: row.uses for row in rows}

    def misses(self, limit: int = 20) -> Sequence[Miss]:
        rows = self._conn.execute(
            select(term_miss)
            .where(term_miss.c.tenant == self._tenant)
            .order_by(term_miss.c.asked.desc(), term_miss.c.last_at.desc())
            .limit(limit)
        )
        return [Miss(row.words, row.asked, row.last_at) for row in rows]

    def suggest(self, id: str, term: str, meaning: str, member: str, now: datetime) -> None:
        row = {"tenant": self._tenant, "id": id, "term": term, "meaning": meaning, "member": member}
        self._conn.execute(term_suggestion.insert(), {**row, "state": "open", "created_at": now})

    def suggested_by(self, member: str) -> int:
        mine = select(func.count()).where(term_suggestion.c.tenant == self._tenant, term_suggestion.c.member == member)
        return self._conn.execute(mine).scalar_one()

    def suggestions(self) -> int:
        """How many suggestions wait for an editor."""
        waiting = select(func.count()).where(
            term_suggestion.c.tenant == self._tenant, term_suggestion.c.state == "open"
        )
        return self._conn.execute(waiting).scalar_one()
